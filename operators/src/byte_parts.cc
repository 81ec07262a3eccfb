#include <millstream/core/big_endian.h>
#include <millstream/operators/detail/byte_parts.h>
#include <millstream/state/errors.h>

namespace millstream::detail {

namespace {

constexpr std::uint32_t kNull = 0xFFFFFFFFU;

std::uint32_t take_number(std::string_view& bytes) {
  if (bytes.size() < 4) throw StoreError("of an operator", "a record is cut off");
  const auto number = read_big_endian<std::uint32_t>(bytes);
  bytes.remove_prefix(4);
  return number;
}

std::string_view take_bytes(std::string_view& bytes, std::size_t size) {
  if (bytes.size() < size) throw StoreError("of an operator", "a record is cut off");
  const std::string_view taken = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return taken;
}

}  // namespace

void append_sized(std::string& out, std::string_view bytes) {
  append_big_endian(out, static_cast<std::uint32_t>(bytes.size()));
  out.append(bytes);
}

std::string_view take_sized(std::string_view& bytes) {
  const std::uint32_t size = take_number(bytes);
  return take_bytes(bytes, size);
}

void append_headers(std::string& out, const Headers& headers) {
  append_big_endian(out, static_cast<std::uint32_t>(headers.size()));
  for (const Header& header : headers) {
    append_sized(out, header.name);
    if (header.value) {
      append_sized(out, *header.value);
    } else {
      append_big_endian(out, kNull);
    }
  }
}

Headers take_headers(std::string_view& bytes) {
  Headers headers;
  for (std::uint32_t left = take_number(bytes); left > 0; --left) {
    std::string name(take_sized(bytes));
    const std::uint32_t size = take_number(bytes);
    std::optional<std::string> value;
    if (size != kNull) value.emplace(take_bytes(bytes, size));
    headers.add(std::move(name), std::move(value));
  }
  return headers;
}

}  // namespace millstream::detail
