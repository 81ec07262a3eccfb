#pragma once

#include "built_topology_impl.h"

#include <map>
#include <string>
#include <vector>

namespace millstream {

/// A node and its neighbours in the order in which Kafka Streams' describe() prints them.
struct DescribedNode {
  const NodeSpec* spec = nullptr;
  std::vector<std::string> parents;
  std::vector<std::string> children;
  std::vector<std::string> stores;
  std::vector<std::string> topics;
};

/// The nodes of a group in describe()'s order.
[[nodiscard]] std::vector<DescribedNode> describe_group(const Topology::Specification& topology,
                                                        const NodeGroup& group);

[[nodiscard]] std::string describe_text(const TopologyParts& parts);
[[nodiscard]] std::string describe_json(const TopologyParts& parts);
[[nodiscard]] std::string describe_mermaid(const TopologyParts& parts);

}  // namespace millstream
