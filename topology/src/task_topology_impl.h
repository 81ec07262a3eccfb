#pragma once

#include "built_topology_impl.h"

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace millstream {

/// The nodes of one task. **Thread**: the task's.
class TaskTopologyImpl final : public TaskTopology {
 public:
  /// `nodes`: positions in the specification, parents before children.
  TaskTopologyImpl(std::shared_ptr<const TopologyParts> parts,
                   const std::vector<std::size_t>& nodes);

  void init(TaskContext& context) override;
  [[nodiscard]] SourceNode& source(std::string_view topic) override;
  void flush() override;
  void advance_stream_time(Timestamp time) override;
  void close() override;
  [[nodiscard]] std::vector<EdgeCount> edges() const override;

 private:
  void connect(Node& parent, Node& child);

  /// The edge from a parent to a child is the child's arrivals from `first` to before `end`.
  struct Edge {
    const Node* from;
    const Node* to;
    std::size_t first;
    std::size_t end;
  };
  std::shared_ptr<const TopologyParts> parts_;  // what the nodes refer to
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<Edge> edges_;
  std::map<std::string, SourceNode*, std::less<>> sources_;
};

}  // namespace millstream
