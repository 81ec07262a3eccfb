#pragma once

#include <millstream/transport/broker.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace millstream::embedded {

/// What stands at the front of a block, before its records.
struct BlockHeader {
  std::uint32_t count = 0;
  /// End of the block minus its base. **Units**: offsets.
  std::int64_t span = 0;
  /// Record timestamps are written as differences from this one.
  Timestamp base_timestamp;
  Timestamp max_timestamp;
  /// Wall-clock time at which the newest record was written.
  Timestamp written_at;
  /// Bytes that were ever reserved in the partition before this block: sizes without a scan.
  std::uint64_t cumulative = 0;
};

/// Records of one partition that were written together: one entry of the log's database.
/// **Thread**: immutable once it is placed, then shared freely.
class Block {
 public:
  /// A block as it was stored; null when the bytes are none.
  static std::shared_ptr<const Block> parse(Offset base, std::string bytes);

  Block(const BlockHeader& header, std::string bytes) : header_(header), bytes_(std::move(bytes)) {}

  /// Give a new block its place in the partition.
  void place(Offset base, std::uint64_t cumulative);

  [[nodiscard]] Offset base() const { return base_; }
  /// The offset after the last record.
  [[nodiscard]] Offset end() const { return base_ + header_.span; }
  [[nodiscard]] const BlockHeader& header() const { return header_; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  BlockHeader header_;
  Offset base_ = Offset::kNone;
  std::string bytes_;
};

using BlockPtr = std::shared_ptr<const Block>;

/// Decodes the records of a block, one after the other. **Lifetime**: views of the block.
class BlockCursor {
 public:
  enum class Step { kRecord, kEnd, kDamaged };

  explicit BlockCursor(const Block& block);
  /// The next record, and its headers' bytes (empty: none).
  Step next(FetchedRecord& record, std::string_view& headers);

 private:
  const char* at_;
  const char* end_;
  Offset base_;
  std::uint64_t base_timestamp_;
};

/// One record as it goes into a block.
struct BlockRecord {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  Timestamp timestamp;
  /// As `encode_headers` makes them.
  std::string_view headers;
};

/// Encodes records into a block.
class BlockBuilder {
 public:
  /// Append a record at an offset relative to the block's base; they must grow.
  void add(std::int64_t offset_delta, const BlockRecord& record);
  /// The block so far, not yet placed; the builder is empty afterwards.
  [[nodiscard]] std::shared_ptr<Block> seal(Timestamp written_at);
  void clear();

  [[nodiscard]] bool empty() const { return header_.count == 0; }
  [[nodiscard]] std::uint32_t count() const { return header_.count; }
  [[nodiscard]] std::size_t bytes() const { return bytes_.size(); }

 private:
  BlockHeader header_;
  std::string bytes_;
};

/// Headers as bytes; empty headers make none.
void encode_headers(const Headers& headers, std::string& out);
/// Headers from their bytes; what is damaged is left out.
[[nodiscard]] Headers decode_headers(std::string_view bytes);

}  // namespace millstream::embedded
