#include "consumer.h"

#include <algorithm>
#include <string>

namespace millstream::embedded {

Headers EmbeddedBatch::headers(std::size_t i) const {
  const auto it =
      std::lower_bound(headers_.begin(), headers_.end(), i,
                       [](const auto& entry, std::size_t index) { return entry.first < index; });
  return it != headers_.end() && it->first == i ? decode_headers(it->second) : Headers();
}

void PartitionReader::seek(Offset position) {
  position_ = fetched_to_ = position;
  blocks_.clear();
  cursor_.reset();
}

Result<std::unique_ptr<FetchedBatch>> PartitionReader::read(std::size_t max_records,
                                                            std::size_t max_bytes, Logger& logger) {
  auto batch = std::make_unique<EmbeddedBatch>(log_);
  while (batch->records_.size() < max_records) {
    if (blocks_.empty()) {
      if (position_ >= log_->readable_end()) break;
      MILLSTREAM_TRY(fetch(max_bytes, logger));
    }
    MILLSTREAM_TRY(decode(*batch, max_records));
    if (blocks_.empty()) position_ = fetched_to_;
  }
  if (batch->records_.empty()) return std::unique_ptr<FetchedBatch>();
  return std::unique_ptr<FetchedBatch>(std::move(batch));
}

Status PartitionReader::fetch(std::size_t max_bytes, Logger& logger) {
  if (position_ < log_->start()) {
    logger.warning("records were dropped from the log before they were read",
                   {{"partition", log_->name().to_string()},
                    {"from", std::to_string(to_int(position_))},
                    {"to", std::to_string(to_int(log_->start()))}});
    position_ = log_->start();
  }
  std::vector<BlockPtr> blocks;
  const Result<Offset> fetched_to = log_->read(position_, max_bytes, blocks);
  if (!fetched_to) return fetched_to.error();
  fetched_to_ = std::max(*fetched_to, position_);
  blocks_.assign(std::make_move_iterator(blocks.begin()), std::make_move_iterator(blocks.end()));
  return {};
}

Status PartitionReader::decode(EmbeddedBatch& batch, std::size_t max_records) {
  std::size_t expected = batch.records_.size();
  for (const BlockPtr& block : blocks_) expected += block->header().count;
  batch.records_.reserve(std::min(expected, max_records));
  while (!blocks_.empty() && batch.records_.size() < max_records) {
    const BlockPtr& block = blocks_.front();
    if (!cursor_) cursor_.emplace(*block);
    BlockCursor::Step step = BlockCursor::Step::kRecord;
    FetchedRecord record;
    std::string_view headers;
    bool used = false;
    while (batch.records_.size() < max_records) {
      step = cursor_->next(record, headers);
      if (step != BlockCursor::Step::kRecord) break;
      if (record.offset < position_) continue;
      if (!headers.empty()) batch.headers_.emplace_back(batch.records_.size(), headers);
      batch.records_.push_back(record);
      position_ = next(record.offset);
      used = true;
    }
    if (step == BlockCursor::Step::kDamaged) {
      return Error::machine("a block of " + log_->name().to_string() + " at offset " +
                            std::to_string(to_int(block->base())) +
                            " is damaged; restore the log's directory from a backup");
    }
    if (used) batch.blocks_.push_back(block);
    if (step != BlockCursor::Step::kEnd && position_ < block->end()) break;
    blocks_.pop_front();
    cursor_.reset();
  }
  return {};
}

}  // namespace millstream::embedded
