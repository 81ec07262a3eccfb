#pragma once

#include <millstream/transport/broker.h>

#include <deque>
#include <set>
#include <unordered_map>
#include <vector>

#include "client.h"
#include "fetched.h"
#include "idle_partitions.h"
#include "settings.h"

namespace millstream::kafka {

/// A consumer on a librdkafka handle that never subscribes.
///
/// Pausing in librdkafka throws the prefetch away, so a paused partition's records are first parked
/// here; only when its share of the budget is parked is it paused there too. **Thread**: one, which
/// also makes librdkafka 2.0.2's pause and seek sound (from another thread they lose records).
/// **Lifetime**: batches must be gone before their consumer.
class KafkaConsumer final : public Consumer, private ClientListener {
 public:
  static Result<std::unique_ptr<Consumer>> open(const Settings& settings, Cluster& cluster,
                                                const CoordinationTopic& coordination,
                                                const ConsumerOptions& options);
  /// For `open`: not usable before its client has been started.
  KafkaConsumer(Cluster& cluster, std::size_t max_messages)
      : ClientListener(cluster), max_messages_(max_messages) {}

  Status assign(std::span<const PartitionPosition> partitions) override;
  void unassign(std::span<const TopicPartition> partitions) override;
  Status seek(const PartitionPosition& position) override;
  void pause(const TopicPartition& partition) override;
  void resume(const TopicPartition& partition) override;
  Result<std::vector<std::unique_ptr<FetchedBatch>>> poll(std::size_t max_records,
                                                          Duration timeout) override;
  [[nodiscard]] Offset position(const TopicPartition& partition) const override;
  [[nodiscard]] Offset known_end(const TopicPartition& partition) const override;

 private:
  /// An assigned partition.
  struct Fetching {
    std::int64_t next = 0;  ///< Behind the last record or end heard of from librdkafka.
    bool held = false;      ///< Paused by our caller.
    bool stopped = false;   ///< Paused in librdkafka.
    std::deque<MessagePtr>
        parked{};  ///< Arrived while held; come before whatever is fetched later.
  };
  using Assigned = std::unordered_map<TopicPartition, Fetching>;

  /// The batches of one poll, a partition each.
  struct Group {
    const rd_kafka_topic_t* topic;
    std::int32_t number;
    Assigned::value_type* partition;  ///< Null: no longer assigned.
    std::unique_ptr<MessageBatch> batch;
  };
  struct Gathering {
    std::vector<Group> groups;
    std::size_t last = 0;
    std::size_t records = 0;
  };

  Status start(const Settings& settings, const CoordinationTopic& coordination,
               const ConsumerOptions& options);

  void learn_leaders(std::span<const PartitionPosition> partitions);
  void release_parked(Gathering& gathering, std::size_t max_records);
  Status fetch(Gathering& gathering, std::size_t max_records, Duration timeout);
  Status take(MessagePtr message, Gathering& gathering);
  Group& group_of(const rd_kafka_message_t& message, Gathering& gathering);
  Status handle_event(const rd_kafka_message_t& message);
  [[nodiscard]] Error out_of_range(const TopicPartition& partition,
                                   const rd_kafka_message_t& message) const;
  [[nodiscard]] std::size_t share() const;
  void stop_overfull(Gathering& gathering);
  /// Have a stopped partition fetched once most of what is parked of it is used up.
  void start_again(Assigned::value_type& partition);
  void set_stopped(Assigned::value_type& partition, bool stopped);

  std::size_t max_messages_;
  ClientPtr client_;
  QueuePtr queue_;
  std::unique_ptr<IdlePartitions> idle_;
  Assigned assigned_;
  std::set<std::string> known_topics_;
  std::size_t parked_ = 0;  ///< In all partitions.
  bool any_released_ = false;
  std::vector<rd_kafka_message_t*> buffer_;
};

}  // namespace millstream::kafka
