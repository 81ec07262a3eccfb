#include "maintenance.h"

#include <algorithm>

namespace millstream::embedded {
namespace {

/// Blocks that one look at a partition's retention drops at most.
constexpr std::size_t kMostExpired = 256;
constexpr std::size_t kBlocksPerBatch = 1024;
constexpr std::size_t kMostBlocks = static_cast<std::size_t>(-1);
constexpr std::size_t kLeastStep = std::size_t{1} << 20U;
constexpr Duration kLongestPause{30'000};

}  // namespace

void Maintenance::after_write(std::span<const Write::Part> parts) {
  std::size_t bytes = 0;
  bool due = false;
  for (const Write::Part& part : parts) {
    const TopicSettings& settings = part.topic->settings;
    due =
        due || settings.compact || settings.retention.count() >= 0 || settings.retention_bytes >= 0;
    for (const BlockPtr& block : part.blocks) bytes += block->bytes().size();
  }
  if (!due) return;
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  for (const Write::Part& part : parts) expire_if_due(part);
  compact(parts, kLeastStep + 4 * bytes);
}

void Maintenance::expire_if_due(const Write::Part& part) {
  const TopicSettings& settings = part.topic->settings;
  if (!settings.expire || (settings.retention.count() < 0 && settings.retention_bytes < 0)) return;
  Upkeep& upkeep = upkeep_[part.partition.get()];
  const Timestamp now = clock_.now();
  const std::uint64_t total = part.partition->cumulative();
  if (now < upkeep.expire_at && total < upkeep.expire_at_bytes) return;
  const auto limit =
      static_cast<std::uint64_t>(std::max<std::int64_t>(settings.retention_bytes, 0));
  const bool by_size = settings.retention_bytes >= 0;
  const Status expired = drop_blocks_until(
      *part.partition,
      [&](const Block& block) {
        const BlockHeader& header = block.header();
        // Old event times that were written just now, as in a replay, are kept too.
        const Timestamp newest = std::max(header.max_timestamp, header.written_at);
        const bool old = settings.retention.count() >= 0 && newest + settings.retention <= now;
        const bool beyond = by_size && header.cumulative + block.bytes().size() + limit <= total;
        return !old && !beyond;
      },
      kMostExpired);
  if (!expired) report("retention failed", *part.partition, expired);
  const Duration pause = settings.retention.count() < 0
                             ? kLongestPause
                             : std::min(kLongestPause, settings.retention / 8);
  upkeep.expire_at = now + pause;
  upkeep.expire_at_bytes = by_size ? total + limit / 8 : ~std::uint64_t{0};
}

Status Maintenance::drop_blocks_until(PartitionLog& partition, const Keep& keep,
                                      std::size_t most_blocks) {
  const Offset end = partition.readable_end();
  for (std::size_t dropped = 0; dropped < most_blocks;) {
    DatabaseBatch batch;
    std::size_t blocks = 0;
    Offset start = partition.start();
    Offset first = partition.first_block();
    bool over = true;
    MILLSTREAM_TRY(partition.store().visit(partition.key(), first, end, [&](const BlockPtr& block) {
      if (keep(*block)) return false;
      if (blocks == std::min(kBlocksPerBatch, most_blocks - dropped)) {
        over = false;
        return false;
      }
      batch.erase(kBlockFamily, block_key(partition.key(), block->base()));
      first = block->end();
      start = std::max(start, first);
      ++blocks;
      return true;
    }));
    if (blocks == 0) return {};
    MILLSTREAM_TRY(partition.persist_end());
    partition.put_start(batch, start, first);
    MILLSTREAM_TRY(database_.write(batch, false));
    partition.set_start(start, first);
    dropped += blocks;
    if (over) return {};
  }
  return {};
}

Status Maintenance::delete_records(PartitionLog& partition, Offset before) {
  const std::scoped_lock lock(mutex_);
  const Offset end = partition.readable_end();
  const Offset start = before == Offset::kNone ? end : std::min(before, end);
  if (start <= partition.start()) return {};
  DatabaseBatch batch;
  MILLSTREAM_TRY(partition.persist_end());
  partition.put_start(batch, start, partition.first_block());
  MILLSTREAM_TRY(database_.write(batch, false));
  partition.set_start(start, partition.first_block());
  return drop_blocks_until(
      partition, [&](const Block& block) { return block.end() > start; }, kMostBlocks);
}

Status Maintenance::drop_topic(const Topic& topic) {
  const std::scoped_lock lock(mutex_);
  if (compaction_ != nullptr && compaction_->topic().id == topic.id) compaction_.reset();
  DatabaseBatch batch;
  for (const auto& partition : topic.partitions) {
    upkeep_.erase(partition.get());
    for (const auto kind : {PartitionMeta::kStart, PartitionMeta::kEnd, PartitionMeta::kClean}) {
      batch.erase(kMetaFamily, partition_meta_key(kind, partition->key()));
    }
  }
  const auto offsets = database_.scan(kOffsetFamily, {}, {}, ScanDirection::kForward);
  for (; offsets->valid(); offsets->next()) {
    if (topic_of_offset_key(offsets->key()) == topic.id) batch.erase(kOffsetFamily, offsets->key());
  }
  MILLSTREAM_TRY(offsets->status());
  MILLSTREAM_TRY(database_.write(batch, false));

  const std::string from = block_key({topic.id, 0}, Offset{0});
  const std::string to = after_topic(topic.id);
  MILLSTREAM_TRY(database_.drop_range(kBlockFamily, from, to));
  batch.clear();
  const auto blocks = database_.scan(kBlockFamily, from, to, ScanDirection::kForward);
  for (; blocks->valid(); blocks->next()) batch.erase(kBlockFamily, blocks->key());
  MILLSTREAM_TRY(blocks->status());
  return database_.write(batch, false);
}

bool Maintenance::is_dirty(const Topic& topic, const PartitionLog& partition) const {
  if (!topic.settings.compact || topic.deleted) return false;
  const CleanState clean = partition.clean();
  const std::uint64_t total = partition.cumulative();
  const std::uint64_t dirty = total > clean.cumulative ? total - clean.cumulative : 0;
  const double ratio = topic.settings.min_dirty_ratio;
  return dirty >= settings_.compaction_bytes &&
         static_cast<double>(dirty) >= ratio * static_cast<double>(dirty + clean.bytes);
}

void Maintenance::compact(std::span<const Write::Part> parts, std::size_t budget) {
  for (const Write::Part& part : parts) {
    if (compaction_ != nullptr) break;
    if (!is_dirty(*part.topic, *part.partition)) continue;
    compaction_ = std::make_unique<Compaction>(part.topic, part.partition, database_, clock_);
  }
  if (compaction_ == nullptr) return;
  const Result<bool> done = compaction_->step(budget);
  if (!done) report("compaction failed", compaction_->partition(), done.error());
  if (!done || *done) compaction_.reset();
}

void Maintenance::report(const char* what, const PartitionLog& partition, const Status& status) {
  logger_.warning(what, {{"partition", partition.name().to_string()},
                         {"error", std::string(status.error().message())}});
}

}  // namespace millstream::embedded
