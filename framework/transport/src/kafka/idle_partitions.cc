#include "idle_partitions.h"

#include <set>

#include "partition_list.h"

namespace millstream::kafka {

namespace {

constexpr int kMetadataTimeoutMs = 2'000;

}  // namespace

IdlePartitions::IdlePartitions(rd_kafka_t& client, const CoordinationTopic& topic)
    : client_(client), topic_(topic), sink_(rd_kafka_queue_new(&client)) {}

std::vector<TopicPartition> IdlePartitions::one_each_leader(const std::string& topic) const {
  std::vector<TopicPartition> chosen;
  const TopicPtr handle(rd_kafka_topic_new(&client_, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* raw = nullptr;
  if (handle == nullptr ||
      rd_kafka_metadata(&client_, 0, handle.get(), &raw, kMetadataTimeoutMs) != 0) {
    return chosen;
  }
  const MetadataPtr metadata(raw);
  std::set<std::int32_t> leaders;
  for (const auto& found : std::span(raw->topics, static_cast<std::size_t>(raw->topic_cnt))) {
    for (const auto& partition :
         std::span(found.partitions, static_cast<std::size_t>(found.partition_cnt))) {
      if (partition.leader >= 0 && leaders.insert(partition.leader).second) {
        chosen.push_back({topic, partition.id});
      }
    }
  }
  return chosen;
}

void IdlePartitions::extend(rd_kafka_topic_partition_list_t& list) {
  if (assigned_) return;
  const std::string topic = topic_.name();
  if (topic.empty()) return;
  for (const TopicPartition& partition : one_each_leader(topic)) {
    const QueuePtr queue(
        rd_kafka_queue_get_partition(&client_, topic.c_str(), partition.partition));
    if (queue == nullptr) continue;
    rd_kafka_queue_forward(queue.get(), sink_.get());
    add(list, partition, RD_KAFKA_OFFSET_END);
    assigned_ = true;
  }
}

void IdlePartitions::drain() {
  if (!assigned_ || rd_kafka_queue_length(sink_.get()) == 0) return;
  while (MessagePtr(rd_kafka_consume_queue(sink_.get(), 0)) != nullptr) {
  }
}

}  // namespace millstream::kafka
