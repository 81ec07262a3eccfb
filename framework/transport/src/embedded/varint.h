#pragma once

#include <cstddef>
#include <cstdint>

namespace millstream::embedded {

/// The most bytes that one number takes.
inline constexpr std::size_t kMaxVarint = 10;

/// Write a number, 7 bits a byte, low ones first; returns where it ended.
inline char* put_varint(char* out, std::uint64_t value) {
  while (value >= 0x80U) {
    *out++ = static_cast<char>(value | 0x80U);
    value >>= 7U;
  }
  *out++ = static_cast<char>(value);
  return out;
}

/// Read a number; returns where it ended, or null when the bytes end first or it is none.
inline const char* get_varint(const char* at, const char* end, std::uint64_t& value) {
  if (at != end && static_cast<unsigned char>(*at) < 0x80U) {
    value = static_cast<unsigned char>(*at);
    return at + 1;
  }
  value = 0;
  for (unsigned shift = 0; at != end && shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80U) return at;
  }
  return nullptr;
}

/// Small numbers of either sign as small unsigned ones.
constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1U));
}

}  // namespace millstream::embedded
