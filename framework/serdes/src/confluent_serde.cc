#include <millstream/serdes/confluent_serde.h>

#include <millstream/core/big_endian.h>

#include <optional>

namespace millstream {

namespace {

constexpr char kMagic = 0;
constexpr std::size_t kFixedSize = 5;
constexpr std::int32_t kMaxIndexes = 64;

void append_varint(std::int32_t value, std::string& out) {
  auto zigzag = (static_cast<std::uint32_t>(value) << 1U) ^ static_cast<std::uint32_t>(value >> 31);
  for (; zigzag >= 0x80U; zigzag >>= 7U) out += static_cast<char>((zigzag & 0x7FU) | 0x80U);
  out += static_cast<char>(zigzag);
}

std::optional<std::int32_t> take_varint(std::string_view& bytes) {
  std::uint32_t zigzag = 0;
  for (unsigned shift = 0; shift < 35 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    zigzag |= static_cast<std::uint32_t>(byte & 0x7FU) << shift;
    if ((byte & 0x80U) == 0) {
      return static_cast<std::int32_t>((zigzag >> 1U) ^ (0U - (zigzag & 1U)));
    }
  }
  return std::nullopt;
}

Result<std::vector<std::int32_t>> take_indexes(std::string_view& bytes) {
  const Error fault = Error::data("the message indexes of Confluent's wire format are cut off");
  const auto count = take_varint(bytes);
  if (!count || *count < 0 || *count > kMaxIndexes) return fault;
  if (*count == 0) return std::vector<std::int32_t>{0};
  std::vector<std::int32_t> indexes;
  for (std::int32_t i = 0; i < *count; ++i) {
    const auto index = take_varint(bytes);
    if (!index) return fault;
    indexes.push_back(*index);
  }
  return indexes;
}

}  // namespace

void append_confluent_header(const ConfluentHeader& header, ConfluentFormat format,
                             std::string& out) {
  out += kMagic;
  append_big_endian(out, header.schema_id);
  if (format != ConfluentFormat::kProtobuf) return;
  if (header.message_indexes == std::vector<std::int32_t>{0}) {
    append_varint(0, out);
    return;
  }
  append_varint(static_cast<std::int32_t>(header.message_indexes.size()), out);
  for (const std::int32_t index : header.message_indexes) append_varint(index, out);
}

Result<ConfluentHeader> take_confluent_header(std::string_view& bytes, ConfluentFormat format) {
  if (bytes.size() < kFixedSize || bytes.front() != kMagic) {
    return Error::data("these " + std::to_string(bytes.size()) +
                       " bytes aren't in Confluent's wire format: they don't begin with a zero "
                       "byte and a schema id");
  }
  ConfluentHeader header{.schema_id = read_big_endian<std::int32_t>(bytes, 1)};
  bytes.remove_prefix(kFixedSize);
  if (format != ConfluentFormat::kProtobuf) return header;
  auto indexes = take_indexes(bytes);
  if (!indexes) return indexes.error();
  header.message_indexes = std::move(*indexes);
  return header;
}

}  // namespace millstream
