#pragma once

#include <millstream/topology/topology.h>

#include "node_groups.h"

#include <memory>
#include <string>
#include <vector>

namespace millstream {

/// What all copies and tasks of a built topology share.
struct TopologyParts {
  Topology::Specification specification;
  std::vector<NodeGroup> groups;
  std::vector<Subtopology> subtopologies;
};

class BuiltTopologyImpl final : public BuiltTopology {
 public:
  /// The specification has no faults.
  explicit BuiltTopologyImpl(Topology::Specification specification);

  [[nodiscard]] const std::vector<Subtopology>& subtopologies() const override {
    return parts_->subtopologies;
  }
  [[nodiscard]] const std::vector<GlobalStore>& global_stores() const override {
    return parts_->specification.globals;
  }
  [[nodiscard]] std::unique_ptr<TaskTopology> instantiate(int subtopology) const override;
  [[nodiscard]] std::unique_ptr<TaskTopology> instantiate_all() const override;
  [[nodiscard]] std::unique_ptr<TaskTopology> instantiate_global() const override;
  [[nodiscard]] std::string describe() const override;
  [[nodiscard]] std::string describe_json() const override;
  [[nodiscard]] std::string describe_mermaid() const override;

 private:
  std::shared_ptr<const TopologyParts> parts_;
};

}  // namespace millstream
