#include <millstream/operators/detail/join_graph_node.h>
#include <millstream/operators/detail/stream_graph.h>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

// What `topology.optimization` does to the graph before it is written.
// **Source**: InternalStreamsBuilder.optimizeTopology of Kafka Streams.
namespace millstream::detail {

namespace {

using Predicate = std::function<bool(const GraphNode&)>;

/// The node itself or the nearest one above it of which the predicate holds; of several parents the
/// last one's answer counts, as in Kafka Streams. **Source**: findParentNodeMatching.
GraphNode* find_above(GraphNode& node, const Predicate& predicate) {
  if (predicate(node)) return &node;
  GraphNode* found = nullptr;
  for (GraphNode* parent : node.parents()) {
    if (predicate(*parent)) return parent;
    found = find_above(*parent, predicate);
  }
  return found;
}

bool is_child_of(const GraphNode& node, const GraphNode& parent) {
  return std::find(node.parents().begin(), node.parents().end(), &parent) != node.parents().end();
}

/// The node that changed the keys that a repartition is for, unless values have changed since.
GraphNode* key_changer_of(RepartitionGraphNode& repartition) {
  GraphNode* changer = find_above(
      repartition, [](const GraphNode& n) { return n.key_changing || n.value_changing; });
  return changer != nullptr && changer->key_changing ? changer : nullptr;
}

/// Repartitions that can be one, by the node below which that one goes; in the order of the graph.
using Mergeable = std::vector<std::pair<GraphNode*, std::vector<RepartitionGraphNode*>>>;

Mergeable by_key_changer(const std::vector<RepartitionGraphNode*>& repartitions) {
  Mergeable groups;
  for (RepartitionGraphNode* repartition : repartitions) {
    GraphNode* changer = repartition->optimizable() ? key_changer_of(*repartition) : nullptr;
    if (changer == nullptr) continue;
    const auto group = std::find_if(groups.begin(), groups.end(),
                                    [&](const auto& g) { return g.first == changer; });
    if (group == groups.end()) {
      groups.push_back({changer, {repartition}});
    } else {
      group->second.push_back(repartition);
    }
  }
  return groups;
}

/// Repartitions behind a merge of streams go below the merge: not all its records come from the
/// node that changed the keys. **Source**: maybeUpdateKeyChangingRepartitionNodeMap.
void move_below_merge(GraphNode& merge, Mergeable& groups) {
  std::vector<RepartitionGraphNode*> moved;
  for (auto& [changer, repartitions] : groups) {
    const auto below_merge = [&](RepartitionGraphNode* repartition) {
      return find_above(*repartition, [&](const GraphNode& n) { return &n == &merge; }) != nullptr;
    };
    if (std::none_of(repartitions.begin(), repartitions.end(), below_merge)) continue;
    const GraphNode* key_changer = changer;
    if (find_above(merge, [&](const GraphNode& n) { return is_child_of(n, *key_changer); }) ==
        nullptr) {
      continue;
    }
    moved.insert(moved.end(), repartitions.begin(), repartitions.end());
    repartitions.clear();
  }
  if (!moved.empty()) groups.emplace_back(&merge, std::move(moved));
}

bool asks_for(const std::string& setting, std::string_view optimization) {
  return setting == "all" || setting.find(optimization) != std::string::npos;
}

}  // namespace

void StreamGraph::optimize(const Config& config) {
  const std::string setting = config.get("topology.optimization", "none");
  if (asks_for(setting, "reuse.ktable.source.topics")) reuse_source_topics();
  if (asks_for(setting, "merge.repartition.topics")) merge_repartitions();
  if (asks_for(setting, "single.store.self.join")) join_with_self();
}

void StreamGraph::reuse_source_topics() {
  for (const auto& node : nodes_) {
    auto* table = dynamic_cast<TableSourceGraphNode*>(node.get());
    if (table != nullptr) table->spec().reuse_source_topic(table->source().topics.front().name);
  }
}

void StreamGraph::merge_repartitions() {
  Mergeable groups = by_key_changer(repartitions_);
  std::vector<GraphNode*> merges;
  for (const auto& node : nodes_) {
    if (node->is_merge) merges.push_back(node.get());
  }
  for (GraphNode* merge : merges) move_below_merge(*merge, groups);
  for (auto& [changer, repartitions] : groups) {
    if (!repartitions.empty()) merge_repartitions_below(*changer, repartitions);
  }
}

void StreamGraph::merge_repartitions_below(GraphNode& key_changer,
                                           const std::vector<RepartitionGraphNode*>& replaced) {
  RepartitionGraphNode& first = *replaced.front();
  RepartitionNames names = repartition_names(first.names().topic);
  auto made = std::make_unique<RepartitionGraphNode>(std::move(names), first.factories(),
                                                     std::nullopt, true);
  RepartitionGraphNode& merged = *made;
  merged.build_priority = key_changer.build_priority;
  merged.sources = {merged.name()};
  nodes_.push_back(std::move(made));
  repartitions_.push_back(&merged);
  for (RepartitionGraphNode* old : replaced) {
    GraphNode* below =
        find_above(*old, [&](const GraphNode& n) { return is_child_of(n, key_changer); });
    if (below == nullptr) continue;
    merged.add_child(*below);
    key_changer.remove_child(*below);
    const std::vector<GraphNode*> children = old->children();
    const std::vector<GraphNode*> parents = old->parents();
    for (GraphNode* parent : parents) {
      for (GraphNode* child : children) parent->add_child(*child);
      parent->remove_child(*old);
    }
    for (GraphNode* child : children) old->remove_child(*child);
    rename_source(old->name(), merged.name());
  }
  key_changer.add_child(merged);
}

void StreamGraph::join_with_self() {
  for (const auto& node : nodes_) {
    if (auto* join = dynamic_cast<StreamJoinGraphNode*>(node.get())) {
      join->join_with_self_if_possible();
    }
  }
}

void StreamGraph::rename_source(const std::string& from, const std::string& to) {
  for (auto& sources : copartitioned_) {
    std::replace(sources.begin(), sources.end(), from, to);
    std::sort(sources.begin(), sources.end());
    sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
  }
}

}  // namespace millstream::detail
