#pragma once

#include <millstream/core/time.h>
#include <millstream/runtime/kafka_streams.h>
#include <millstream/transport/broker.h>

#include "runtime_services.h"

#include <map>
#include <optional>
#include <span>
#include <vector>

namespace millstream {

/// Deletes the records of repartition topics that have been processed and committed: such topics
/// keep their records for ever otherwise. **Thread**: one.
/// **Source**: TaskManager.maybePurgeCommittedRecords of Kafka Streams.
class RepartitionPurge {
 public:
  explicit RepartitionPurge(const RuntimeServices& services) : services_(&services) {}

  /// Whether `purge` would do anything now: at most once an interval.
  [[nodiscard]] bool due(Timestamp now) const {
    return !last_ || now - *last_ >= services_->config.purge_interval;
  }
  /// Delete what lies below the offsets that these tasks have committed. What fails is tried again
  /// by the next purge: nothing depends on it.
  void purge(std::span<const TaskMetadata> tasks, Timestamp now);

 private:
  [[nodiscard]] std::vector<PartitionPosition> purgeable(std::span<const TaskMetadata> tasks) const;

  const RuntimeServices* services_;
  std::optional<Timestamp> last_;
  std::map<TopicPartition, Offset> purged_;
};

}  // namespace millstream
