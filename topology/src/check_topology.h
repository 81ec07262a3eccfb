#pragma once

#include <millstream/topology/topology.h>

#include <string>
#include <vector>

namespace millstream {

/// All faults of a topology, in the words that a person needs; none if it can be run.
[[nodiscard]] std::vector<std::string> find_faults(const Topology::Specification& topology);

/// The stores that a node is connected to from either side, without repetition.
[[nodiscard]] std::vector<std::string> connected_stores(const Topology::Specification& topology,
                                                        const NodeSpec& node);

}  // namespace millstream
