#pragma once

#include <millstream/operators/detail/graph_node.h>
#include <millstream/operators/detail/stream_graph.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace millstream::detail {

/// One processor of an operator that is several.
struct JoinPart {
  std::string name;
  std::shared_ptr<const ProcessorSpec> spec;
  std::vector<std::string> parents;
};

/// Add a processor, its stores and their connections to a topology.
void write_join_part(Topology& topology, const JoinPart& part);

/// An operator of several processors: both sides of a join and what merges them. Its name is that
/// of the last one. **Source**: KTableKTableJoinNode of Kafka Streams.
class JoinGraphNode final : public GraphNode {
 public:
  explicit JoinGraphNode(std::vector<JoinPart> parts)
      : GraphNode(parts.back().name), parts_(std::move(parts)) {}
  void write(Topology& topology) const override {
    for (const JoinPart& part : parts_) write_join_part(topology, part);
  }

 private:
  std::vector<JoinPart> parts_;
};

/// The processors of a join of two streams, behind those that keep their records.
/// **Source**: StreamStreamJoinNode of Kafka Streams.
class StreamJoinGraphNode final : public GraphNode {
 public:
  /// `self` takes the place of all parts where a stream is joined with itself and that is
  /// optimised; no specification: it can't be.
  StreamJoinGraphNode(std::vector<JoinPart> parts, JoinPart self, GraphNode& this_window,
                      GraphNode& other_window)
      : GraphNode(parts.back().name),
        parts_(std::move(parts)),
        self_(std::move(self)),
        this_window_(&this_window),
        other_window_(&other_window) {}
  void write(Topology& topology) const override;
  /// Keep a stream's records once instead of twice if both sides are the same stream.
  void join_with_self_if_possible();

 private:
  std::vector<JoinPart> parts_;
  JoinPart self_;
  GraphNode* this_window_;
  GraphNode* other_window_;
  bool is_self_join_ = false;
};

/// Below which node a join goes: `place`, behind a repartition if its keys have changed. A further
/// join of the same place shares the repartition unless it's named. **Source**:
/// KStreamImpl.repartitionForJoin.
GraphNode& join_parent(GraphPlace place, const std::string& name, RepartitionFactories factories);

/// Require that the topics of both nodes' sources have equal partition counts; all their sources.
std::set<std::string> copartition(StreamGraph& graph, const GraphNode& a, const GraphNode& b);

/// The names of a stream-stream join's parts. **Source**: KStreamImplJoin.join.
struct StreamJoinNames {
  std::string this_window;
  std::string other_window;
  std::string this_join;
  std::string other_join;
  std::string merge;
  std::string this_store;
  std::string other_store;
  std::string outer_store;
};
StreamJoinNames stream_join_names(StreamGraph& graph, const std::string& name,
                                  const std::string& store_name, bool left_outer, bool right_outer);

}  // namespace millstream::detail
