#include "topics.h"

#include <fmt/format.h>

#include <array>

namespace anomaly {

using millstream::Config;
using millstream::Error;
using millstream::NewTopic;
using millstream::PartitionId;
using millstream::Result;
using millstream::Status;

Result<Topics> Topics::from(const Config& config) {
  Topics topics;
  topics.metrics = config.get("anomaly.topic.metrics", topics.metrics);
  topics.scores = config.get("anomaly.topic.scores", topics.scores);
  topics.anomalies = config.get("anomaly.topic.anomalies", topics.anomalies);
  topics.alerts = config.get("anomaly.topic.alerts", topics.alerts);
  topics.dead_letters = config.get("errors.dead.letter.queue.topic.name", topics.dead_letters);
  const auto partitions = config.get_int("anomaly.partitions", topics.partitions);
  if (!partitions) return partitions.error();
  if (*partitions < 1 || *partitions > 1000) {
    return Error::user(fmt::format("setting anomaly.partitions: {} is not 1 to 1000", *partitions));
  }
  topics.partitions = static_cast<PartitionId>(*partitions);
  return topics;
}

Status create_topics(millstream::Admin& admin, const Topics& topics) {
  const auto topic = [](const std::string& name, PartitionId partitions) {
    return NewTopic{.name = name,
                    .partitions = partitions,
                    .config = {{"retention.ms", "-1"}, {"retention.bytes", "-1"}}};
  };
  const std::array<NewTopic, 5> wanted = {
      topic(topics.metrics, topics.partitions), topic(topics.scores, topics.partitions),
      topic(topics.anomalies, topics.partitions), topic(topics.alerts, topics.partitions),
      topic(topics.dead_letters, 1)};
  return admin.create_topics(wanted);
}

Result<PartitionId> partitions_of(millstream::Admin& admin, const std::string& topic) {
  const std::array<std::string, 1> names = {topic};
  const auto counts = admin.partition_counts(names);
  if (!counts) return counts.error();
  const auto it = counts->find(topic);
  if (it == counts->end()) {
    return Error::user(fmt::format(
        "topic \"{}\" isn't on the broker: check the name (setting anomaly.topic.*), or let "
        "anomaly.topics.create=true make it",
        topic));
  }
  return it->second;
}

}  // namespace anomaly
