#pragma once

#include <millstream/topology/topology.h>

#include <cstddef>
#include <vector>

namespace millstream {

/// The nodes that belong together because they are connected or share a store.
struct NodeGroup {
  /// Numbered as Kafka Streams numbers sub-topologies; global ones have their numbers too.
  int id = 0;
  /// The group fills a global store and makes no tasks.
  bool is_global = false;
  /// Positions in the specification's nodes, in order.
  std::vector<std::size_t> nodes;
};

/// **Source**: InternalTopologyBuilder.makeNodeGroups of Kafka Streams.
[[nodiscard]] std::vector<NodeGroup> make_node_groups(const Topology::Specification& topology);

}  // namespace millstream
