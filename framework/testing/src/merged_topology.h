#pragma once

#include <millstream/topology/built_topology.h>

#include <memory>
#include <string>
#include <vector>

namespace millstream {

/// A topology seen as if it had one sub-topology, with id 0: so one task runs all of it.
/// **Source**: TopologyTestDriver of Kafka Streams, which does the same.
class MergedTopology final : public BuiltTopology {
 public:
  explicit MergedTopology(std::shared_ptr<const BuiltTopology> inner);

  [[nodiscard]] const std::vector<Subtopology>& subtopologies() const override { return merged_; }
  [[nodiscard]] const std::vector<GlobalStore>& global_stores() const override {
    return inner_->global_stores();
  }
  [[nodiscard]] std::unique_ptr<TaskTopology> instantiate(int) const override {
    return inner_->instantiate_all();
  }
  [[nodiscard]] std::unique_ptr<TaskTopology> instantiate_all() const override {
    return inner_->instantiate_all();
  }
  [[nodiscard]] std::unique_ptr<TaskTopology> instantiate_global() const override {
    return inner_->instantiate_global();
  }
  [[nodiscard]] std::string describe() const override { return inner_->describe(); }
  [[nodiscard]] std::string describe_json() const override { return inner_->describe_json(); }
  [[nodiscard]] std::string describe_mermaid() const override { return inner_->describe_mermaid(); }

 private:
  std::shared_ptr<const BuiltTopology> inner_;
  std::vector<Subtopology> merged_;
};

}  // namespace millstream
