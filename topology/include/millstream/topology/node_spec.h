#pragma once

#include <millstream/topology/built_topology.h>
#include <millstream/topology/edge_type.h>
#include <millstream/topology/node.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace millstream {

/// What a node is told when it is made.
struct NodeSite {
  std::string name;
  /// The stores that it may use: connected ones and all global ones.
  std::vector<std::string> stores;
  /// Sinks: the topic that they write, unless they choose one for each record.
  std::string topic;
};

/// Makes the nodes of one place in the topology, one for each task. **Thread**: immutable and
/// shared by all; **Lifetime**: outlives the nodes, which may refer to it.
class NodeFactory {
 public:
  virtual ~NodeFactory() = default;
  [[nodiscard]] virtual std::unique_ptr<Node> make(const NodeSite& site) const = 0;
  /// What the nodes take; nothing for sources.
  [[nodiscard]] virtual std::optional<EdgeType> input() const = 0;
  /// What the nodes put out; nothing for sinks and other ends.
  [[nodiscard]] virtual std::optional<EdgeType> output() const = 0;
};

enum class NodeKind { kSource, kProcessor, kSink };

/// A node of the topology, said once: its name, its place and how to make it.
struct NodeSpec {
  std::string name;
  NodeKind kind = NodeKind::kProcessor;
  std::shared_ptr<const NodeFactory> factory;
  std::vector<std::string> parents;
  /// Sources: the topics read. Sinks: the topic written; none if each record names its own.
  std::vector<SourceTopic> topics;
  /// Sinks that choose a topic for each record: what describe() calls their extractor.
  std::string topic_extractor;
  /// Names of the stores connected so far.
  std::vector<std::string> stores;
};

}  // namespace millstream
