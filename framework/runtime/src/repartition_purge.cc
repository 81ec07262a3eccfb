#include "repartition_purge.h"

#include <set>
#include <string>

namespace millstream {

namespace {

std::set<std::string> repartition_topics(const RuntimeServices& services) {
  std::set<std::string> topics;
  for (const Subtopology& subtopology : services.topology->subtopologies()) {
    for (const SourceTopic& source : subtopology.sources) {
      if (source.internal) topics.insert(internal_topic(services.config, source.name));
    }
  }
  return topics;
}

}  // namespace

std::vector<PartitionPosition> RepartitionPurge::purgeable(
    std::span<const TaskMetadata> tasks) const {
  const std::set<std::string> topics = repartition_topics(*services_);
  std::vector<PartitionPosition> positions;
  for (const TaskMetadata& task : tasks) {
    for (const auto& source : task.sources) {
      if (to_int(source.committed) <= 0 || !topics.contains(source.partition.topic)) continue;
      const auto before = purged_.find(source.partition);
      if (before != purged_.end() && before->second >= source.committed) continue;
      positions.push_back({source.partition, source.committed});
    }
  }
  return positions;
}

void RepartitionPurge::purge(std::span<const TaskMetadata> tasks, Timestamp now) {
  last_ = now;
  const auto positions = purgeable(tasks);
  if (positions.empty()) return;
  const Status deleted = services_->broker->admin().delete_records(positions);
  if (!deleted) {
    services_->logger->debug("repartition topics are not purged yet",
                             {{"error", std::string(deleted.error().message())}});
    return;
  }
  for (const PartitionPosition& position : positions) {
    purged_[position.partition] = position.offset;
  }
}

}  // namespace millstream
