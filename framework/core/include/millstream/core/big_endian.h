#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace millstream {

/// Append an integer as Java's ByteBuffer does: big endian.
template <std::integral T>
void append_big_endian(std::string& out, T value) {
  char bytes[sizeof(T)];
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    bytes[i] = static_cast<char>(static_cast<std::make_unsigned_t<T>>(value) >>
                                 (8U * (sizeof(T) - 1 - i)));
  }
  out.append(bytes, sizeof(T));
}

/// The big-endian integer at `offset`. The caller has checked that it is there.
template <std::integral T>
[[nodiscard]] T read_big_endian(std::string_view bytes, std::size_t offset = 0) {
  std::make_unsigned_t<T> value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<std::make_unsigned_t<T>>((sizeof(T) == 1 ? 0U : value << 8U) |
                                                 static_cast<unsigned char>(bytes[offset + i]));
  }
  return static_cast<T>(value);
}

}  // namespace millstream
