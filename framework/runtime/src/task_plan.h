#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/log.h>
#include <millstream/core/result.h>
#include <millstream/runtime/streams_config.h>
#include <millstream/topology/built_topology.h>
#include <millstream/transport/broker.h>

#include <map>
#include <string>
#include <vector>

namespace millstream {

/// Which tasks an application has, and the names of its internal topics. Every instance computes
/// the same plan from the same topology and topics; partition i of the coordination topic and of
/// the commits topic stands for `tasks[i]`. **Thread**: immutable.
struct TaskPlan {
  std::vector<TaskId> tasks;
  /// Partitions of every source and sink topic, by full name.
  std::map<std::string, PartitionId, std::less<>> partitions;
  std::string coordination_topic;
  std::string commits_topic;

  /// The position of a task in `tasks`.
  [[nodiscard]] PartitionId index_of(TaskId task) const;
};

/// The full name of an internal topic.
[[nodiscard]] std::string internal_topic(const StreamsConfig& config, std::string_view name);
/// The changelog of a store.
[[nodiscard]] std::string changelog_topic(const StreamsConfig& config, const StoreSpec& store);

/// Look at the topics of a topology, make the internal ones that are missing and check those that
/// are there. **Errors**: kUser for a missing source topic (named), co-partitioned topics with
/// different counts (both named), internal topics whose partition count doesn't fit any more;
/// kMachine from the broker.
Result<TaskPlan> make_task_plan(const StreamsConfig& config, const BuiltTopology& topology,
                                Admin& admin, Logger& logger);

}  // namespace millstream
