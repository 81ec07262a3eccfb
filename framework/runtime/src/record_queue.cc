#include "record_queue.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace millstream {

namespace {

// How many records ahead their bytes are asked from memory, then, in steps, what the topology will
// look up for them.
constexpr std::size_t kBytesAhead = 16;
constexpr std::array<std::pair<PrefetchStep, std::size_t>, 3> kStepsAhead{
    {{PrefetchStep::kFirst, 12}, {PrefetchStep::kSecond, 8}, {PrefetchStep::kLast, 4}}};

/// Another thread has fetched the bytes, so that the first look at each is one at main memory.
void prefetch_bytes(std::span<const FetchedRecord> records, std::size_t index) {
  if (index >= records.size()) return;
  const FetchedRecord& record = records[index];
  if (record.key) __builtin_prefetch(record.key->data());
  if (record.value) __builtin_prefetch(record.value->data());
}

void prefetch_look_ups(SourceHead& head, std::span<const FetchedRecord> records,
                       std::size_t index) {
  for (const auto& [step, distance] : kStepsAhead) {
    if (index + distance >= records.size()) continue;
    const FetchedRecord& record = records[index + distance];
    if (record.key) head.prefetch({*record.key, record.timestamp, step});
  }
}

}  // namespace

void RecordQueue::add(std::unique_ptr<FetchedBatch> batch) {
  if (batch->records().empty()) return;
  // What may have been committed beyond control records must not be taken back by the next commit.
  if (queued_ == 0) consumed_ = commit_offset();
  queued_ += batch->records().size();
  batches_.push_back(std::move(batch));
  waiting_since.reset();
}

RawRecord RecordQueue::raw_of(const FetchedBatch& batch, std::size_t index) {
  const FetchedRecord& record = batch.records()[index];
  prefetch_bytes(batch.records(), index + kBytesAhead);
  if (prefetches_) prefetch_look_ups(*head_, batch.records(), index);
  headers_ = batch.headers(index);
  return {source_topic_, partition_.partition, record.offset, record.timestamp,
          record.key,    record.value,         &headers_};
}

void RecordQueue::load_head(RawRecord& raw) {
  while (!has_head_ && queued_ > 0) {
    const FetchedBatch& batch = *batches_.front();
    raw = raw_of(batch, next_);
    if (head_->load(raw, partition_time_) == SourceHead::Outcome::kReady) {
      has_head_ = true;
      partition_time_ = std::max(partition_time_, head_->timestamp());
      return;
    }
    consumed_ = millstream::next(raw.offset);
    --queued_;
    if (++next_ == batch.records().size()) {
      batches_.pop_front();
      next_ = 0;
    }
  }
}

void RecordQueue::process_head(RawRecord& raw) {
  const FetchedBatch& batch = *batches_.front();
  const FetchedRecord& record = batch.records()[next_];
  raw = {source_topic_, partition_.partition, record.offset, record.timestamp,
         record.key,    record.value,         &headers_};
  head_->process();
  ++processed_;
  has_head_ = false;
  consumed_ = millstream::next(record.offset);
  --queued_;
  if (++next_ == batch.records().size()) {
    batches_.pop_front();
    next_ = 0;
  }
}

void RecordQueue::clear() {
  batches_.clear();
  next_ = 0;
  queued_ = 0;
  has_head_ = false;
  waiting_since.reset();
  position_ = Offset::kNone;
  known_end_ = Offset::kNone;
}

}  // namespace millstream
