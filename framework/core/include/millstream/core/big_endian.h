#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace millstream {

namespace detail {

/// An integer between the machine's order of bytes and big endian.
template <std::unsigned_integral T>
[[nodiscard]] constexpr T big_endian(T value) {
  if constexpr (std::endian::native == std::endian::big || sizeof(T) == 1) {
    return value;
  } else if constexpr (sizeof(T) == 2) {
    return __builtin_bswap16(value);
  } else if constexpr (sizeof(T) == 4) {
    return __builtin_bswap32(value);
  } else {
    static_assert(sizeof(T) == 8);
    return __builtin_bswap64(value);
  }
}

}  // namespace detail

/// Append an integer as Java's ByteBuffer does: big endian.
template <std::integral T>
void append_big_endian(std::string& out, T value) {
  const auto bytes = detail::big_endian(static_cast<std::make_unsigned_t<T>>(value));
  char chars[sizeof(T)];
  std::memcpy(chars, &bytes, sizeof(T));
  out.append(chars, sizeof(T));
}

/// The big-endian integer at `offset`. The caller has checked that it is there.
template <std::integral T>
[[nodiscard]] T read_big_endian(std::string_view bytes, std::size_t offset = 0) {
  std::make_unsigned_t<T> value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return static_cast<T>(detail::big_endian(value));
}

}  // namespace millstream
