#include <millstream/operators/detail/join_graph_node.h>
#include <millstream/operators/detail/kstream_joins.h>
#include <millstream/operators/detail/stream_join.h>

#include <utility>

namespace millstream::detail {

void write_join_part(Topology& topology, const JoinPart& part) {
  NodeSpec node;
  node.name = part.name;
  node.factory = part.spec;
  node.parents = part.parents;
  node.stores = part.spec->connected_stores();
  for (StoreSpec& store : part.spec->stores())
    topology.add_state_store(std::move(store), part.name);
  topology.add_node(std::move(node));
}

void StreamJoinGraphNode::write(Topology& topology) const {
  if (is_self_join_) return write_join_part(topology, self_);
  for (const JoinPart& part : parts_) write_join_part(topology, part);
}

void StreamJoinGraphNode::join_with_self_if_possible() {
  if (self_.spec == nullptr || parents().size() != 1 || is_self_join_) return;
  is_self_join_ = true;
  parents().front()->remove_child(*other_window_);
}

GraphNode& join_parent(GraphPlace place, const std::string& name, RepartitionFactories factories) {
  if (!place.node->repartition_required) return *place.node;
  const std::string& prefix = name.empty() ? place.node->name() : name;
  RepartitionNames names = place.graph->repartition_names(prefix);
  GraphNode*& shared = place.graph->join_repartition_of(*place.node);
  if (shared == nullptr || !name.empty()) {
    shared = &place.graph->add(
        *place.node, std::make_unique<RepartitionGraphNode>(std::move(names), std::move(factories),
                                                            std::nullopt, true));
  }
  return *shared;
}

std::set<std::string> copartition(StreamGraph& graph, const GraphNode& a, const GraphNode& b) {
  std::set<std::string> sources = a.sources;
  sources.insert(b.sources.begin(), b.sources.end());
  graph.copartition(sources);
  return sources;
}

void check_join_grace(StreamGraph& graph, const std::string& join, Duration grace,
                      const std::optional<Duration>& history) {
  if (!history) {
    graph.add_fault("join " + join + " has a grace period, but its table keeps no versions: " +
                    "materialize it with a history");
  } else if (grace > *history) {
    graph.add_fault("join " + join + " has a grace period of " + std::to_string(grace.count()) +
                    " ms, but its table keeps versions for " + std::to_string(history->count()) +
                    " ms only");
  }
}

StreamJoinNames stream_join_names(StreamGraph& graph, const std::string& name,
                                  const std::string& store_name, bool left_outer,
                                  bool right_outer) {
  const std::string this_suffix = right_outer ? "-outer-this-join" : "-this-join";
  const std::string other_suffix = left_outer ? "-outer-other-join" : "-other-join";
  const auto named_or = [&](const std::string& suffix, const std::string& generated) {
    return name.empty() ? generated : name + suffix;
  };
  StreamJoinNames names;
  names.this_window = graph.suffixed_or_new(name, "-this-windowed", "KSTREAM-WINDOWED-");
  names.other_window = graph.suffixed_or_new(name, "-other-windowed", "KSTREAM-WINDOWED-");
  const std::string this_prefix = right_outer ? "KSTREAM-OUTERTHIS-" : "KSTREAM-JOINTHIS-";
  const std::string this_generated = graph.new_processor_name(this_prefix);
  const std::string other_generated =
      graph.new_processor_name(left_outer ? "KSTREAM-OUTEROTHER-" : "KSTREAM-JOINOTHER-");
  names.this_join = named_or(this_suffix, this_generated);
  names.other_join = named_or(other_suffix, other_generated);
  names.merge = graph.suffixed_or_new(name, "-merge", "KSTREAM-MERGE-");
  const bool named_stores = !store_name.empty();
  names.this_store = (named_stores ? store_name + this_suffix : this_generated) + "-store";
  names.other_store = (named_stores ? store_name + other_suffix : other_generated) + "-store";
  names.outer_store =
      named_stores
          ? store_name + (right_outer ? "-outer-shared-join-store" : "-left-shared-join-store")
          : "KSTREAM-OUTERSHARED-" + this_generated.substr(this_prefix.size()) + "-store";
  return names;
}

StoreSpec join_window_store(std::string name, const JoinWindows& windows) {
  StoreSpec spec;
  spec.name = std::move(name);
  spec.kind = StoreKind::kWindow;
  spec.window_size = windows.size();
  spec.retention = windows.size() + windows.grace();
  spec.retain_duplicates = true;
  return spec;
}

StoreSpec outer_join_store(std::string name) {
  StoreSpec spec;
  spec.name = std::move(name);
  spec.kind = StoreKind::kKeyValue;
  return spec;
}

}  // namespace millstream::detail
