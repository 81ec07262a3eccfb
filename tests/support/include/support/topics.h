#pragma once

#include <millstream/transport/broker.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace millstream::testing {

/// A record of a topic, with memory of its own.
struct TopicRecord {
  PartitionId partition = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  Timestamp timestamp;

  friend bool operator==(const TopicRecord&, const TopicRecord&) = default;
};

inline void create_topic(Broker& broker, const std::string& name, PartitionId partitions) {
  const std::vector<NewTopic> topics{{.name = name, .partitions = partitions}};
  const Status status = broker.admin().create_topics(topics);
  ASSERT_TRUE(status) << status.error().message();
}

inline std::vector<TopicPartition> partitions_of(Broker& broker, const std::string& topic) {
  const std::vector<std::string> names{topic};
  const auto counts = broker.admin().partition_counts(names);
  std::vector<TopicPartition> partitions;
  if (!counts || !counts->contains(topic)) return partitions;
  for (PartitionId p = 0; p < counts->at(topic); ++p) partitions.push_back({topic, p});
  return partitions;
}

/// Every committed record of a topic, partition by partition.
inline std::vector<TopicRecord> read_topic(Broker& broker, const std::string& topic) {
  std::vector<TopicRecord> records;
  const auto partitions = partitions_of(broker, topic);
  const auto begins = broker.admin().beginning_offsets(partitions);
  const auto ends = broker.admin().end_offsets(partitions, Isolation::kReadCommitted);
  auto consumer = broker.make_consumer({.client_id = "test-reader"});
  if (!begins || !ends || !consumer) return records;
  std::vector<PartitionPosition> start;
  for (const auto& [partition, offset] : *begins) start.push_back({partition, offset});
  if (!(*consumer)->assign(start)) return records;
  const auto done = [&] {
    return std::all_of(ends->begin(), ends->end(), [&](const auto& end) {
      return (*consumer)->position(end.first) >= end.second;
    });
  };
  while (!done()) {
    auto batches = (*consumer)->poll(10'000, Duration(100));
    if (!batches) return records;
    for (const auto& batch : *batches) {
      for (const FetchedRecord& r : batch->records()) {
        records.push_back({batch->partition().partition,
                           r.key ? std::optional<std::string>(*r.key) : std::nullopt,
                           r.value ? std::optional<std::string>(*r.value) : std::nullopt,
                           r.timestamp});
      }
    }
  }
  std::stable_sort(records.begin(), records.end(),
                   [](const auto& a, const auto& b) { return a.partition < b.partition; });
  return records;
}

/// Write records by the default partitioner, and wait until they are acknowledged.
inline void produce(Broker& broker, const std::string& topic,
                    const std::vector<TopicRecord>& records) {
  auto producer = broker.make_producer({.client_id = "test-producer"});
  ASSERT_TRUE(producer) << producer.error().message();
  for (const TopicRecord& record : records) {
    const ProducerStatus status = (*producer)->produce({.topic = topic,
                                                        .partition = std::nullopt,
                                                        .key = record.key,
                                                        .value = record.value,
                                                        .timestamp = record.timestamp});
    ASSERT_TRUE(status) << status.error.message();
  }
  const ProducerStatus status = (*producer)->flush();
  ASSERT_TRUE(status) << status.error.message();
}

}  // namespace millstream::testing
