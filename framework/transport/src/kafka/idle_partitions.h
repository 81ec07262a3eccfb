#pragma once

#include <millstream/transport/broker.h>

#include <mutex>
#include <string>
#include <vector>

#include "handles.h"

namespace millstream::kafka {

/// The topic that a broker's member shares out, once it's known: a topic without records.
/// **Thread**: any.
class CoordinationTopic {
 public:
  void set(std::string name) {
    const std::scoped_lock lock(mutex_);
    name_ = std::move(name);
  }
  [[nodiscard]] std::string name() const {
    const std::scoped_lock lock(mutex_);
    return name_;
  }

 private:
  mutable std::mutex mutex_;
  std::string name_;
};

/// Keeps a consumer's fetching awake.
///
/// librdkafka 2.0.2 sleeps for a second when its queue is full and nothing is in flight. An empty
/// partition on each leader, fetched into a queue of its own, keeps a fetch in flight always; with
/// it a small queue reaches the rate of an unbounded one. **Thread**: the consumer's.
class IdlePartitions {
 public:
  IdlePartitions(rd_kafka_t& client, const CoordinationTopic& topic);

  /// Add one partition a leader to what is about to be assigned, the first time that this works.
  void extend(rd_kafka_topic_partition_list_t& list);
  /// Drop what came on their queue (the ends of empty partitions).
  void drain();

 private:
  [[nodiscard]] std::vector<TopicPartition> one_each_leader(const std::string& topic) const;

  rd_kafka_t& client_;
  const CoordinationTopic& topic_;
  QueuePtr sink_;
  bool assigned_ = false;
};

}  // namespace millstream::kafka
