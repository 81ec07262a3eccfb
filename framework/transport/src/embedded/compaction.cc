#include "compaction.h"

#include <millstream/core/big_endian.h>

#include <algorithm>

namespace millstream::embedded {
namespace {

constexpr std::size_t kMostIndexedBytes = std::size_t{32} << 20U;
constexpr std::size_t kTargetBlockBytes = std::size_t{64} << 10U;
constexpr std::size_t kSmallBlockBytes = std::size_t{32} << 10U;

Error damaged(const PartitionLog& partition) {
  return Error::machine("a block of " + partition.name().to_string() + " is damaged");
}

}  // namespace

/// Collects what a step keeps into new blocks, and the batch that replaces the old ones by them.
class Compaction::Rewriter {
 public:
  explicit Rewriter(Compaction& pass) : pass_(pass) {}

  Status add(const BlockPtr& block) {
    bool drops = false;
    MILLSTREAM_TRY(each(*block, [&](const FetchedRecord& record, std::string_view) {
      drops = drops || !pass_.keeps(record, *block);
    }));
    if (!drops && block->bytes().size() >= kSmallBlockBytes) {
      emit();
      pass_.clean_.bytes += block->bytes().size();
      return {};
    }
    batch_.erase(kBlockFamily, block_key(pass_.partition_->key(), block->base()));
    return each(*block, [&](const FetchedRecord& record, std::string_view headers) {
      if (pass_.keeps(record, *block)) keep(record, headers, *block);
    });
  }

  Status write() {
    emit();
    if (batch_.empty()) return {};
    return pass_.database_.write(batch_, false);
  }

 private:
  template <class Visit>
  Status each(const Block& block, const Visit& visit) {
    BlockCursor cursor(block);
    FetchedRecord record;
    std::string_view headers;
    BlockCursor::Step step = cursor.next(record, headers);
    for (; step == BlockCursor::Step::kRecord; step = cursor.next(record, headers)) {
      visit(record, headers);
    }
    if (step == BlockCursor::Step::kDamaged) return damaged(*pass_.partition_);
    return {};
  }

  void keep(const FetchedRecord& record, std::string_view headers, const Block& from) {
    if (builder_.bytes() >= kTargetBlockBytes) emit();
    if (builder_.empty()) {
      base_ = record.offset;
      cumulative_ = from.header().cumulative;
      written_at_ = from.header().written_at;
    }
    written_at_ = std::max(written_at_, from.header().written_at);
    builder_.add(to_int(record.offset) - to_int(base_),
                 {record.key, record.value, record.timestamp, headers});
  }

  void emit() {
    if (builder_.empty()) return;
    const std::shared_ptr<Block> block = builder_.seal(written_at_);
    block->place(base_, cumulative_);
    batch_.put(kBlockFamily, block_key(pass_.partition_->key(), base_), block->bytes());
    pass_.clean_.bytes += block->bytes().size();
  }

  Compaction& pass_;
  DatabaseBatch batch_;
  BlockBuilder builder_;
  Offset base_{0};
  std::uint64_t cumulative_ = 0;
  Timestamp written_at_;
};

Compaction::Compaction(std::shared_ptr<const Topic> topic, std::shared_ptr<PartitionLog> partition,
                       Database& database, const Clock& clock)
    : topic_(std::move(topic)),
      partition_(std::move(partition)),
      database_(database),
      clock_(clock),
      cursor_(std::max(partition_->clean().end, partition_->first_block())),
      dirty_end_(partition_->readable_end()),
      clean_{dirty_end_, partition_->clean().cumulative, 0} {}

Result<bool> Compaction::step(std::size_t budget) {
  if (!indexed_) {
    const Result<bool> done = index(budget);
    if (!done || !*done) return done;
    indexed_ = true;
    cursor_ = partition_->first_block();
    MILLSTREAM_TRY(partition_->persist_end());
    return false;
  }
  const Result<bool> done = rewrite(budget);
  if (!done || !*done) return done;
  MILLSTREAM_TRY(finish());
  return true;
}

Result<bool> Compaction::index(std::size_t budget) {
  std::size_t bytes = 0;
  bool more = false;
  Status damage;
  MILLSTREAM_TRY(
      partition_->store().visit(partition_->key(), cursor_, dirty_end_, [&](const BlockPtr& block) {
        more = bytes >= budget || indexed_bytes_ >= kMostIndexedBytes;
        if (more) return false;
        bytes += block->bytes().size();
        indexed_bytes_ += block->bytes().size();
        cursor_ = block->end();
        clean_.cumulative = block->header().cumulative + block->bytes().size();
        damage = index_block(*block);
        return static_cast<bool>(damage);
      }));
  MILLSTREAM_TRY(damage);
  if (more && indexed_bytes_ < kMostIndexedBytes) return false;
  // What does not fit into this pass's index is left to the next pass.
  if (more) clean_.end = dirty_end_ = cursor_;
  return true;
}

Status Compaction::index_block(const Block& block) {
  BlockCursor cursor(block);
  FetchedRecord record;
  std::string_view headers;
  BlockCursor::Step step = cursor.next(record, headers);
  for (; step == BlockCursor::Step::kRecord; step = cursor.next(record, headers)) {
    if (!record.key) continue;
    const auto it = last_.find(*record.key);
    if (it != last_.end()) {
      it->second = record.offset;
    } else {
      last_.emplace(*record.key, record.offset);
    }
  }
  if (step == BlockCursor::Step::kDamaged) return damaged(*partition_);
  return {};
}

bool Compaction::keeps(const FetchedRecord& record, const Block& block) const {
  if (record.offset < partition_->start()) return false;
  if (!record.key) return true;
  const auto it = last_.find(*record.key);
  if (it != last_.end() && it->second > record.offset) return false;
  if (record.value) return true;
  return block.header().written_at + topic_->settings.delete_retention > clock_.now();
}

Result<bool> Compaction::rewrite(std::size_t budget) {
  Rewriter rewriter(*this);
  std::size_t bytes = 0;
  bool more = false;
  Status damage;
  Offset reached = cursor_;
  MILLSTREAM_TRY(
      partition_->store().visit(partition_->key(), cursor_, dirty_end_, [&](const BlockPtr& block) {
        more = bytes >= budget;
        if (more) return false;
        bytes += block->bytes().size();
        reached = block->end();
        damage = rewriter.add(block);
        return static_cast<bool>(damage);
      }));
  MILLSTREAM_TRY(damage);
  MILLSTREAM_TRY(rewriter.write());
  cursor_ = reached;
  return !more;
}

Status Compaction::finish() {
  std::string value;
  append_big_endian(value, to_int(clean_.end));
  append_big_endian(value, clean_.cumulative);
  append_big_endian(value, clean_.bytes);
  DatabaseBatch batch;
  batch.put(kMetaFamily, partition_meta_key(PartitionMeta::kClean, partition_->key()), value);
  MILLSTREAM_TRY(database_.write(batch, false));
  partition_->set_clean(clean_);
  return {};
}

}  // namespace millstream::embedded
