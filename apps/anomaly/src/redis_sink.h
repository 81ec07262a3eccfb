#pragma once

#include <millstream/core/metrics.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>
#include <millstream/transport/broker.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "redis_client.h"
#include "redis_sink_script.h"

namespace millstream {
class Logger;
}

namespace anomaly {

/// Brings the committed records of a topic to Redis, each once: its position is kept in Redis and
/// moves in the same script as the data. Redis may be down, slow, restarted, emptied or replaced by
/// an older copy: the sink tries again, reads the topic from where Redis stands, and catches up. A
/// topic that was deleted and made anew is noticed by the record before Redis' mark, and written
/// from its beginning; partitions that are added are taken up.
/// Several instances may do the same work; what one has written the others skip.
/// **Thread**: one. All time comes from outside; it waits only for records and replies.
/// **Lifetime**: everything that it is given outlives it.
class RedisSink {
 public:
  /// The row of a record; nothing for a record that isn't meant for Redis. **Errors**: for one that
  /// can't be read: counted, said and passed over.
  using Decode =
      std::function<millstream::Result<std::optional<SinkRow>>(const millstream::FetchedRecord&)>;

  struct Options {
    RedisSinkKeys keys;
    std::size_t max_batch = 500;  ///< Rows a script.
    millstream::Duration poll_timeout{100};
    /// Waiting times after a failure: the first, doubling to the last.
    millstream::Duration retry_first{100};
    millstream::Duration retry_last{5'000};
    /// How often an idle sink asks Redis whether it still has everything.
    millstream::Duration check_interval{1'000};
    /// How often the topic is asked for new partitions.
    millstream::Duration partitions_interval{10'000};
  };

  RedisSink(Options options, millstream::Broker& broker, Redis& redis, Decode decode,
            millstream::Logger& logger, millstream::Metrics& metrics);

  /// Do a bounded piece of work: begin, or write what has arrived. Failures are said and tried
  /// again by a later step, not before `retry_at`.
  void step(millstream::Timestamp now);
  /// Before this time `step` does nothing; Timestamp::min() while all is well.
  [[nodiscard]] millstream::Timestamp retry_at() const { return retry_at_; }
  /// Whether Redis had everything that is committed now, when it was last asked.
  /// **Errors**: the broker's.
  [[nodiscard]] millstream::Result<bool> caught_up();

 private:
  /// Records that were read and that Redis may not have yet.
  struct Chunk {
    millstream::PartitionId partition = 0;
    SinkMark to;
    std::vector<SinkRow> rows;
  };

  millstream::Status work(millstream::Timestamp now);
  millstream::Status begin(millstream::Timestamp now);
  millstream::Status begin_new_partitions();
  millstream::Status begin_partition(const millstream::TopicPartition& partition,
                                     millstream::Offset first, millstream::Offset end);
  [[nodiscard]] bool is_expected(const millstream::FetchedBatch& batch);
  millstream::Status begin_anew(millstream::PartitionId partition);
  millstream::Status read();
  void check_marks();
  void cut(const millstream::FetchedBatch& batch);
  void add_row(const millstream::FetchedBatch& batch, const millstream::FetchedRecord& record,
               std::vector<SinkRow>& rows);
  millstream::Status write(const Chunk& chunk);
  millstream::Status go_on_at(millstream::PartitionId partition, millstream::Offset mark,
                              millstream::Offset offset);
  void failed(const millstream::Error& error, millstream::Timestamp now);
  void measure_lag();
  [[nodiscard]] millstream::TopicPartition named(millstream::PartitionId partition) const {
    return {options_.keys.topic, partition};
  }

  Options options_;
  millstream::Broker& broker_;
  Decode decode_;
  millstream::Logger& logger_;
  RedisSinkScript script_;

  std::unique_ptr<millstream::Consumer> consumer_;
  std::map<millstream::PartitionId, millstream::Offset> marks_;  ///< As Redis last told.
  /// Where the record before the mark is to be read first, and what its fingerprint must be.
  std::map<millstream::PartitionId, std::string> unproven_;
  std::deque<Chunk> chunks_;
  millstream::Timestamp check_at_ = millstream::Timestamp::min();
  millstream::Timestamp look_for_partitions_at_ = millstream::Timestamp::min();
  millstream::Timestamp retry_at_ = millstream::Timestamp::min();
  millstream::Duration pause_{0};

  millstream::Counter& rows_;
  millstream::Counter& unreadable_;
  millstream::Counter& failures_;
  millstream::Counter& rewinds_;
  millstream::Gauge& lag_;
  millstream::Gauge& up_;
};

}  // namespace anomaly
