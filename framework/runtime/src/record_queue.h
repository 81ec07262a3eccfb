#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/time.h>
#include <millstream/topology/node.h>
#include <millstream/transport/broker.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace millstream {

/// The fetched records of one source partition, and the oldest of them deserialised.
/// **Thread**: the task's. **Source**: RecordQueue of Kafka Streams.
class RecordQueue {
 public:
  RecordQueue(TopicPartition partition, std::string source_topic, std::unique_ptr<SourceHead> head,
              std::optional<Duration> idle_timeout)
      : partition_(std::move(partition)),
        source_topic_(std::move(source_topic)),
        head_(std::move(head)),
        prefetches_(head_->prefetches()),
        idle_timeout_(idle_timeout) {}

  [[nodiscard]] const TopicPartition& partition() const { return partition_; }
  /// The topic as the topology names it.
  [[nodiscard]] const std::string& source_topic() const { return source_topic_; }
  /// Records processed since the queue was made.
  [[nodiscard]] std::uint64_t processed() const { return processed_; }
  [[nodiscard]] std::size_t size() const { return queued_; }
  [[nodiscard]] bool has_head() const { return has_head_; }
  [[nodiscard]] Timestamp head_time() const { return head_->timestamp(); }
  [[nodiscard]] Offset head_offset() const { return batches_.front()->records()[next_].offset; }
  [[nodiscard]] Timestamp partition_time() const { return partition_time_; }
  void set_partition_time(Timestamp time) { partition_time_ = time; }
  [[nodiscard]] std::optional<Duration> idle_timeout() const { return idle_timeout_; }

  void add(std::unique_ptr<FetchedBatch> batch);
  /// Read on with the head of new nodes; there is no record.
  void set_head(std::unique_ptr<SourceHead> head) {
    head_ = std::move(head);
    prefetches_ = head_->prefetches();
  }
  /// Make the head ready if there is a record; skipped records are passed over. `raw` is set to the
  /// record being loaded, for the handlers.
  void load_head(RawRecord& raw);
  /// Process the head, and forget it. **Errors**: as the nodes.
  void process_head(RawRecord& raw);
  /// Drop everything.
  void clear();

  /// The offset after the last record that was processed or passed over; kNone: none since the
  /// start.
  [[nodiscard]] Offset consumed() const { return consumed_; }
  void set_consumed(Offset offset) { consumed_ = offset; }

  /// See StreamTask::note_progress.
  void note_progress(Offset position, Offset known_end) {
    position_ = position;
    known_end_ = known_end;
  }
  [[nodiscard]] Offset position() const { return position_; }
  [[nodiscard]] bool caught_up() const {
    return known_end_ != Offset::kNone && position_ >= known_end_;
  }
  /// What to commit: beyond the tail's control records when nothing is queued.
  [[nodiscard]] Offset commit_offset() const {
    return queued_ == 0 && position_ > consumed_ ? position_ : consumed_;
  }

  /// Since when an empty queue has been waited for, by the wall clock.
  std::optional<Timestamp> waiting_since;

 private:
  [[nodiscard]] RawRecord raw_of(const FetchedBatch& batch, std::size_t index);

  TopicPartition partition_;
  std::string source_topic_;
  std::unique_ptr<SourceHead> head_;
  bool prefetches_;
  std::optional<Duration> idle_timeout_;
  std::deque<std::unique_ptr<FetchedBatch>> batches_;
  std::size_t next_ = 0;  // in batches_.front()
  std::size_t queued_ = 0;
  std::uint64_t processed_ = 0;
  bool has_head_ = false;
  Headers headers_;
  Timestamp partition_time_ = Timestamp::none();
  Offset consumed_ = Offset::kNone;
  Offset position_ = Offset::kNone;
  Offset known_end_ = Offset::kNone;
};

}  // namespace millstream
