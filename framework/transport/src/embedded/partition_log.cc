#include "partition_log.h"

#include <millstream/core/big_endian.h>

#include <algorithm>

namespace millstream::embedded {
namespace {

/// The numbers stored under a key of the meta family; empty when there are none.
Result<std::vector<std::int64_t>> numbers(const Database& database, const std::string& key) {
  const auto bytes = database.get(kMetaFamily, key);
  if (!bytes) return bytes.error();
  std::vector<std::int64_t> out;
  if (!bytes->has_value()) return out;
  for (std::size_t at = 0; at + 8 <= (*bytes)->size(); at += 8) {
    out.push_back(read_big_endian<std::int64_t>(**bytes, at));
  }
  return out;
}

}  // namespace

Result<std::shared_ptr<PartitionLog>> PartitionLog::recover(TopicPartition name, PartitionKey key,
                                                            Database& database) {
  auto log = std::make_shared<PartitionLog>(std::move(name), key, database);
  const auto start = numbers(database, partition_meta_key(PartitionMeta::kStart, key));
  if (!start) return start.error();
  const auto end = numbers(database, partition_meta_key(PartitionMeta::kEnd, key));
  if (!end) return end.error();
  const auto clean = numbers(database, partition_meta_key(PartitionMeta::kClean, key));
  if (!clean) return clean.error();
  const Result<BlockPtr> last = log->store_.last(key);
  if (!last) return last.error();

  if (start->size() >= 2) log->set_start(Offset{(*start)[0]}, Offset{(*start)[1]});
  if (end->size() >= 2) {
    log->end_ = Offset{(*end)[0]};
    log->cumulative_ = static_cast<std::uint64_t>((*end)[1]);
  }
  if (const BlockPtr& block = *last; block != nullptr) {
    log->end_ = std::max(log->end_, block->end());
    log->cumulative_ =
        std::max(log->cumulative_, block->header().cumulative + block->bytes().size());
  }
  if (clean->size() >= 3) {
    log->clean_ = {Offset{(*clean)[0]}, static_cast<std::uint64_t>((*clean)[1]),
                   static_cast<std::uint64_t>((*clean)[2])};
  }
  log->durable_end_ = log->recent_from_ = log->end_;
  log->readable_end_ = log->end_;
  return log;
}

Reservation PartitionLog::reserve(std::int64_t offsets, std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  const Reservation reservation{end_, end_ + offsets, cumulative_};
  end_ = reservation.end;
  cumulative_ += bytes;
  open_.push_back(reservation);
  return reservation;
}

Status PartitionLog::show(const Reservation& reservation, std::span<const BlockPtr> blocks) {
  const std::scoped_lock lock(mutex_);
  const auto after = [](Offset base, const BlockPtr& block) { return base < block->base(); };
  for (const BlockPtr& block : blocks) {
    if (block->base() < recent_from_) continue;
    recent_.insert(std::upper_bound(recent_.begin(), recent_.end(), block->base(), after), block);
  }
  durable_end_ = std::max(durable_end_, reservation.end);
  std::erase_if(open_, [&](const Reservation& r) { return r.base == reservation.base; });
  return publish();
}

Status PartitionLog::abandon(const Reservation& reservation) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(open_, [&](const Reservation& r) { return r.base == reservation.base; });
  if (reservation.end == end_) {
    end_ = reservation.base;
    cumulative_ = reservation.cumulative;
  }
  return publish();
}

/// With the lock held: let readers go as far as they may now.
Status PartitionLog::publish() {
  const Offset end = open_.empty() ? end_ : open_.front().base;
  if (end == readable_end_.load(std::memory_order_relaxed)) return {};
  if (end > durable_end_) MILLSTREAM_TRY(write_end(end));
  readable_end_.store(end, std::memory_order_release);
  for (const auto& reader : readers_) reader->raise();
  return {};
}

/// With the lock held.
Status PartitionLog::write_end(Offset end) {
  std::string value;
  append_big_endian(value, to_int(end));
  append_big_endian(value, cumulative_);
  DatabaseBatch batch;
  batch.put(kMetaFamily, partition_meta_key(PartitionMeta::kEnd, key_), value);
  MILLSTREAM_TRY(database_.write(batch, false));
  durable_end_ = std::max(durable_end_, end);
  return {};
}

Status PartitionLog::persist_end() {
  const std::scoped_lock lock(mutex_);
  return write_end(durable_end_);
}

void PartitionLog::put_start(DatabaseBatch& batch, Offset start, Offset first_block) const {
  std::string value;
  append_big_endian(value, to_int(start));
  append_big_endian(value, to_int(first_block));
  batch.put(kMetaFamily, partition_meta_key(PartitionMeta::kStart, key_), value);
}

std::uint64_t PartitionLog::cumulative() const {
  const std::scoped_lock lock(mutex_);
  return cumulative_;
}

CleanState PartitionLog::clean() const {
  const std::scoped_lock lock(mutex_);
  return clean_;
}

void PartitionLog::set_clean(const CleanState& clean) {
  const std::scoped_lock lock(mutex_);
  clean_ = clean;
}

Result<Offset> PartitionLog::read(Offset from, std::size_t max_bytes,
                                  std::vector<BlockPtr>& out) const {
  Offset complete_to = from;
  if (read_recent(from, max_bytes, out, complete_to)) return complete_to;
  return store_.read(key_, from, readable_end(), max_bytes, out);
}

bool PartitionLog::read_recent(Offset from, std::size_t max_bytes, std::vector<BlockPtr>& out,
                               Offset& complete_to) const {
  const std::scoped_lock lock(mutex_);
  if (from < recent_from_) return false;
  const Offset end = readable_end_.load(std::memory_order_relaxed);
  const auto ends_by = [](const BlockPtr& block, Offset offset) { return block->end() <= offset; };
  auto it = std::lower_bound(recent_.begin(), recent_.end(), from, ends_by);
  complete_to = std::max(from, end);
  for (std::size_t bytes = 0; it != recent_.end() && (*it)->base() < end; ++it) {
    if (bytes >= max_bytes) {
      complete_to = out.back()->end();
      break;
    }
    bytes += (*it)->bytes().size();
    out.push_back(*it);
  }
  return true;
}

void PartitionLog::forget_oldest() {
  const std::scoped_lock lock(mutex_);
  if (recent_.empty()) return;
  recent_from_ = std::max(recent_from_, recent_.front()->end());
  recent_.pop_front();
}

void PartitionLog::attach(std::shared_ptr<Signal> signal) {
  const std::scoped_lock lock(mutex_);
  readers_.push_back(std::move(signal));
}

void PartitionLog::detach(const Signal& signal) {
  const std::scoped_lock lock(mutex_);
  const auto it = std::find_if(readers_.begin(), readers_.end(),
                               [&](const auto& reader) { return reader.get() == &signal; });
  if (it != readers_.end()) readers_.erase(it);
}

}  // namespace millstream::embedded
