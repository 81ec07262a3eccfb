#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace anomaly::wire {

static_assert(std::endian::native == std::endian::little, "Protobuf's fixed64 is little-endian");

enum class Type : std::uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

inline void put_varint(std::string& out, std::uint64_t value) {
  char bytes[10];
  std::size_t n = 0;
  while (value >= 0x80) {
    bytes[n++] = static_cast<char>(value | 0x80U);
    value >>= 7U;
  }
  bytes[n++] = static_cast<char>(value);
  out.append(bytes, n);
}

inline void put_tag(std::string& out, std::uint32_t field, Type type) {
  put_varint(out, (field << 3U) | static_cast<std::uint32_t>(type));
}

inline void put_double(std::string& out, double value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

/// Takes Protobuf's wire types off a text, checking every length; false means damaged bytes.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  bool varint(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 70 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  bool tag(std::uint32_t& field, Type& type) {
    std::uint64_t value = 0;
    if (!varint(value) || value >> 32U != 0 || value >> 3U == 0) return false;
    field = static_cast<std::uint32_t>(value >> 3U);
    type = static_cast<Type>(value & 7U);
    return true;
  }

  bool fixed64(double& value) {
    if (rest_.size() < sizeof value) return false;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return true;
  }

  bool bytes(std::string_view& value) {
    std::uint64_t length = 0;
    if (!varint(length) || length > rest_.size()) return false;
    value = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }

  /// Pass over a field that nobody knows, as newer writers may send.
  bool skip(Type type) {
    std::uint64_t number = 0;
    double fixed = 0;
    std::string_view view;
    switch (type) {
      case Type::kVarint:
        return varint(number);
      case Type::kFixed64:
        return fixed64(fixed);
      case Type::kBytes:
        return bytes(view);
      case Type::kFixed32:
        if (rest_.size() < 4) return false;
        rest_.remove_prefix(4);
        return true;
    }
    return false;
  }

 private:
  std::string_view rest_;
};

}  // namespace anomaly::wire
