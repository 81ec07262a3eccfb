#pragma once

#include <millstream/forest/random.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace millstream::forest {

static_assert(std::endian::native == std::endian::little);

// Plain memory as bytes, little-endian, and back; nothing if they do not suffice.
template <class T>
  requires std::is_trivially_copyable_v<T>
void append_bytes(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

template <class T>
  requires std::is_trivially_copyable_v<T>
std::optional<T> read_bytes(std::string_view bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

// One number that changes with any of them.
inline std::uint64_t mix_all(std::initializer_list<std::uint64_t> numbers) {
  std::uint64_t mixed = 0;
  for (const std::uint64_t number : numbers) mixed = mix_seed(mixed, number);
  return mixed;
}

}  // namespace millstream::forest
