#pragma once

#include "log.h"

#include <millstream/transport/broker.h>

namespace millstream::embedded {

class EmbeddedAdmin final : public Admin {
 public:
  explicit EmbeddedAdmin(Log& log) : log_(log) {}

  Status create_topics(std::span<const NewTopic> topics) override;
  Status delete_topics(std::span<const std::string> topics) override;
  Result<std::map<std::string, PartitionId>> partition_counts(
      std::span<const std::string> topics) override;
  Result<std::vector<std::string>> list_topics() override;
  Result<std::map<std::string, std::string>> topic_config(const std::string& topic) override;
  Result<std::map<TopicPartition, Offset>> beginning_offsets(
      std::span<const TopicPartition> partitions) override;
  Result<std::map<TopicPartition, Offset>> end_offsets(std::span<const TopicPartition> partitions,
                                                       Isolation isolation) override;
  Result<std::map<TopicPartition, Offset>> offsets_for_time(
      std::span<const TopicPartition> partitions, Timestamp time) override;
  Result<OffsetsByPartition> committed_offsets(const std::string& group,
                                               std::span<const TopicPartition> partitions) override;
  Status reset_offsets(const std::string& group, const OffsetsByPartition& offsets) override;
  Status delete_records(std::span<const PartitionPosition> before) override;

 private:
  Log& log_;
};

}  // namespace millstream::embedded
