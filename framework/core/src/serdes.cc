#include <millstream/core/serdes.h>

namespace millstream {

namespace detail {

Error wrong_size(std::string_view what, std::size_t expected, std::size_t actual) {
  return Error::data(std::string(what) + " has " + std::to_string(expected) + " bytes, got " +
                     std::to_string(actual));
}

Error truncated(std::string_view what) {
  return Error::data(std::string(what) + " ends in the middle");
}

}  // namespace detail

namespace {

constexpr std::string_view kHex = "0123456789abcdef";

bool is_dash_position(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Status DefaultSerde<Uuid>::serialize(const Uuid& value, std::string& out) const {
  std::size_t position = 0;
  for (const std::uint8_t byte : value.bytes) {
    if (is_dash_position(position)) {
      out.push_back('-');
      ++position;
    }
    out.push_back(kHex[byte >> 4U]);
    out.push_back(kHex[byte & 15U]);
    position += 2;
  }
  return {};
}

Status DefaultSerde<Uuid>::deserialize(std::string_view bytes, Uuid& out) const {
  if (bytes.size() != 36) return detail::wrong_size("a UUID", 36, bytes.size());
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (is_dash_position(i)) {
      if (bytes[i] != '-')
        return Error::data("a UUID has no dash at position " + std::to_string(i));
      continue;
    }
    const int digit = hex_digit(bytes[i]);
    if (digit < 0) return Error::data("a UUID has no hex digit at position " + std::to_string(i));
    std::uint8_t& byte = out.bytes[nibble / 2];
    byte = static_cast<std::uint8_t>(nibble % 2 == 0 ? digit << 4 : byte | digit);
    ++nibble;
  }
  return {};
}

}  // namespace millstream
