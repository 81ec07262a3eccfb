#include "block.h"

#include "varint.h"

#include <millstream/core/big_endian.h>

#include <algorithm>

namespace millstream::embedded {
namespace {

constexpr std::uint32_t kBlockFormat = 1;
constexpr std::size_t kHeaderBytes = 48;
constexpr std::size_t kCumulativeAt = 40;

std::string encode(const BlockHeader& header) {
  std::string out;
  append_big_endian(out, kBlockFormat);
  append_big_endian(out, header.count);
  append_big_endian(out, header.span);
  append_big_endian(out, header.base_timestamp.ms());
  append_big_endian(out, header.max_timestamp.ms());
  append_big_endian(out, header.written_at.ms());
  append_big_endian(out, header.cumulative);
  return out;
}

/// A length behind which null is told from empty.
template <class T>
std::uint64_t nullable_length(const std::optional<T>& bytes) {
  return bytes ? bytes->size() + 1 : 0;
}

/// Take `length - 1` bytes, or null for 0; false when they are not there.
bool take_nullable(const char*& at, const char* end, std::uint64_t length,
                   std::optional<std::string_view>& out) {
  if (length == 0) {
    out.reset();
    return true;
  }
  if (length - 1 > static_cast<std::uint64_t>(end - at)) return false;
  out.emplace(at, static_cast<std::size_t>(length - 1));
  at += length - 1;
  return true;
}

}  // namespace

std::shared_ptr<const Block> Block::parse(Offset base, std::string bytes) {
  if (bytes.size() < kHeaderBytes || read_big_endian<std::uint32_t>(bytes) != kBlockFormat) {
    return nullptr;
  }
  BlockHeader header;
  header.count = read_big_endian<std::uint32_t>(bytes, 4);
  header.span = read_big_endian<std::int64_t>(bytes, 8);
  header.base_timestamp = Timestamp(read_big_endian<std::int64_t>(bytes, 16));
  header.max_timestamp = Timestamp(read_big_endian<std::int64_t>(bytes, 24));
  header.written_at = Timestamp(read_big_endian<std::int64_t>(bytes, 32));
  header.cumulative = read_big_endian<std::uint64_t>(bytes, kCumulativeAt);
  if (header.span <= 0) return nullptr;
  auto block = std::make_shared<Block>(header, std::move(bytes));
  block->base_ = base;
  return block;
}

void Block::place(Offset base, std::uint64_t cumulative) {
  base_ = base;
  header_.cumulative = cumulative;
  std::string encoded;
  append_big_endian(encoded, cumulative);
  bytes_.replace(kCumulativeAt, encoded.size(), encoded);
}

BlockCursor::BlockCursor(const Block& block)
    : at_(block.bytes().data() + kHeaderBytes),
      end_(block.bytes().data() + block.bytes().size()),
      base_(block.base()),
      base_timestamp_(static_cast<std::uint64_t>(block.header().base_timestamp.ms())) {}

BlockCursor::Step BlockCursor::next(FetchedRecord& record, std::string_view& headers) {
  if (at_ == end_) return Step::kEnd;
  std::uint64_t delta = 0;
  std::uint64_t time = 0;
  std::uint64_t key = 0;
  std::uint64_t value = 0;
  std::uint64_t headers_length = 0;
  const char* at = get_varint(at_, end_, delta);
  if (at != nullptr) at = get_varint(at, end_, time);
  if (at != nullptr) at = get_varint(at, end_, key);
  if (at != nullptr) at = get_varint(at, end_, value);
  if (at != nullptr) at = get_varint(at, end_, headers_length);
  if (at == nullptr || !take_nullable(at, end_, key, record.key) ||
      !take_nullable(at, end_, value, record.value) ||
      headers_length > static_cast<std::uint64_t>(end_ - at)) {
    return Step::kDamaged;
  }
  headers = {at, static_cast<std::size_t>(headers_length)};
  at_ = at + headers_length;
  record.offset = base_ + static_cast<std::int64_t>(delta);
  record.timestamp = Timestamp(
      static_cast<std::int64_t>(base_timestamp_ + static_cast<std::uint64_t>(unzigzag(time))));
  return Step::kRecord;
}

void BlockBuilder::add(std::int64_t offset_delta, const BlockRecord& record) {
  if (empty()) {
    bytes_.assign(kHeaderBytes, '\0');
    header_.base_timestamp = record.timestamp;
    header_.max_timestamp = record.timestamp;
  }
  ++header_.count;
  header_.span = offset_delta + 1;
  header_.max_timestamp = std::max(header_.max_timestamp, record.timestamp);
  const std::uint64_t time = static_cast<std::uint64_t>(record.timestamp.ms()) -
                             static_cast<std::uint64_t>(header_.base_timestamp.ms());
  char prefix[5 * kMaxVarint];
  char* end = put_varint(prefix, static_cast<std::uint64_t>(offset_delta));
  end = put_varint(end, zigzag(static_cast<std::int64_t>(time)));
  end = put_varint(end, nullable_length(record.key));
  end = put_varint(end, nullable_length(record.value));
  end = put_varint(end, record.headers.size());
  bytes_.append(prefix, static_cast<std::size_t>(end - prefix));
  if (record.key) bytes_.append(*record.key);
  if (record.value) bytes_.append(*record.value);
  bytes_.append(record.headers);
}

std::shared_ptr<Block> BlockBuilder::seal(Timestamp written_at) {
  header_.written_at = written_at;
  bytes_.replace(0, kHeaderBytes, encode(header_));
  const std::size_t size = bytes_.size();
  auto block = std::make_shared<Block>(header_, std::move(bytes_));
  clear();
  bytes_.reserve(size + size / 8);
  return block;
}

void BlockBuilder::clear() {
  header_ = BlockHeader();
  bytes_ = std::string();
}

void encode_headers(const Headers& headers, std::string& out) {
  out.clear();
  if (headers.empty()) return;
  const auto put = [&out](std::uint64_t number) {
    char bytes[kMaxVarint];
    out.append(bytes, static_cast<std::size_t>(put_varint(bytes, number) - bytes));
  };
  for (const Header& header : headers) {
    put(header.name.size());
    out.append(header.name);
    put(nullable_length(header.value));
    if (header.value) out.append(*header.value);
  }
}

Headers decode_headers(std::string_view bytes) {
  Headers headers;
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  while (at != end) {
    std::uint64_t length = 0;
    std::optional<std::string_view> name;
    std::optional<std::string_view> value;
    at = get_varint(at, end, length);
    if (at == nullptr || !take_nullable(at, end, length + 1, name)) break;
    at = get_varint(at, end, length);
    if (at == nullptr || !take_nullable(at, end, length, value)) break;
    headers.add(std::string(*name),
                value ? std::optional<std::string>(std::string(*value)) : std::nullopt);
  }
  return headers;
}

}  // namespace millstream::embedded
