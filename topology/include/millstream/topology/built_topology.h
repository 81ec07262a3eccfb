#pragma once

#include <millstream/core/config.h>
#include <millstream/core/ids.h>
#include <millstream/core/time.h>
#include <millstream/state/store_spec.h>
#include <millstream/topology/node.h>
#include <millstream/topology/task_context.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millstream {

/// A topic that the topology reads.
struct SourceTopic {
  std::string name;
  /// A repartition topic: made by the runtime, named `<application.id>-<name>` on the broker.
  bool internal = false;
  /// Partitions of an internal topic where the user said so; else those of its co-partitioned
  /// topics.
  std::optional<PartitionId> partitions;
  /// Where to begin without a committed offset; nothing: auto.offset.reset.
  std::optional<std::string> reset_policy;
  /// Wall-clock time without a record after which the source no longer holds stream time back and
  /// wall time moves it on; nothing: never (Kafka Streams' way). An internal topic has that of the
  /// sources behind it.
  std::optional<Duration> idle_timeout;
};

/// What is shared by the tasks of one sub-topology.
struct Subtopology {
  int id = 0;
  std::vector<SourceTopic> sources;
  /// Topics written, dynamic ones excepted; internal ones without the application's prefix.
  std::vector<SourceTopic> sinks;
  std::vector<StoreSpec> stores;
  /// Groups of source topics that must have the same number of partitions.
  std::vector<std::vector<std::string>> copartition_groups;
};

/// A store filled from one topic, whole, in every instance.
struct GlobalStore {
  StoreSpec store;
  std::string topic;
  std::string source_node;
};

/// An edge of a task's topology and how many records have gone along it.
struct EdgeCount {
  std::string_view from;
  std::string_view to;
  std::uint64_t records = 0;
};

/// The nodes of one task, wired. **Thread**: the task's.
class TaskTopology {
 public:
  virtual ~TaskTopology() = default;
  /// Initialise all nodes, parents before children.
  virtual void init(TaskContext& context) = 0;
  /// The source that reads a topic (internal ones without the prefix).
  [[nodiscard]] virtual SourceNode& source(std::string_view topic) = 0;
  virtual void flush() = 0;
  /// Tell every node, parents before children; see Node.
  virtual void advance_stream_time(Timestamp time) = 0;
  virtual void close() = 0;
  /// All edges between nodes. **Lifetime**: names as the nodes.
  [[nodiscard]] virtual std::vector<EdgeCount> edges() const = 0;
};

/// A checked, immutable topology, ready to be run.
/// **Thread**: shared by all. **Source**: InternalTopologyBuilder of Kafka Streams.
class BuiltTopology {
 public:
  virtual ~BuiltTopology() = default;
  [[nodiscard]] virtual const std::vector<Subtopology>& subtopologies() const = 0;
  [[nodiscard]] virtual const std::vector<GlobalStore>& global_stores() const = 0;
  /// New nodes for a task of a sub-topology.
  [[nodiscard]] virtual std::unique_ptr<TaskTopology> instantiate(int subtopology) const = 0;
  /// New nodes of all sub-topologies together, as one task: for the TopologyTestDriver.
  [[nodiscard]] virtual std::unique_ptr<TaskTopology> instantiate_all() const = 0;
  /// New nodes that fill the global stores.
  [[nodiscard]] virtual std::unique_ptr<TaskTopology> instantiate_global() const = 0;
  /// The text of Topology.describe(), equal to Kafka Streams'.
  [[nodiscard]] virtual std::string describe() const = 0;
  /// The same as one JSON object: `{"subtopologies": [{"id", "global", "nodes": […]}]}`.
  [[nodiscard]] virtual std::string describe_json() const = 0;
  /// The same as a Mermaid flowchart, topics and stores included.
  [[nodiscard]] virtual std::string describe_mermaid() const = 0;
};

}  // namespace millstream
