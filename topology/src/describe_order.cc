#include "check_topology.h"
#include "describe.h"
#include "java_order.h"

#include <deque>
#include <set>

namespace millstream {

namespace {

struct SizedNode;

/// **Source**: InternalTopologyBuilder.NodeComparator: the larger sub-tree first, then by name.
struct BySize {
  bool operator()(const SizedNode* a, const SizedNode* b) const;
};

/// A node whose size grows while its neighbours are put into ordered sets, which are not sorted
/// again: so Kafka Streams does it, and so its text comes out.
struct SizedNode {
  const NodeSpec* spec = nullptr;
  int size = 1;
  std::set<SizedNode*, BySize> parents;
  std::set<SizedNode*, BySize> children;

  void grow(int delta) {
    size += delta;
    for (SizedNode* parent : parents) parent->grow(delta);
  }
};

bool BySize::operator()(const SizedNode* a, const SizedNode* b) const {
  if (a->size != b->size) return a->size > b->size;
  return a->spec->name < b->spec->name;
}

std::vector<std::string> names_of(const std::set<SizedNode*, BySize>& nodes) {
  std::vector<std::string> names;
  for (const SizedNode* node : nodes) names.push_back(node->spec->name);
  return names;
}

DescribedNode described(const Topology::Specification& topology, const SizedNode& node) {
  DescribedNode made{node.spec, names_of(node.parents), names_of(node.children), {}, {}};
  made.stores = java_order(connected_stores(topology, *node.spec), JavaSetOrigin::kCopied);
  for (const SourceTopic& topic : node.spec->topics) made.topics.push_back(topic.name);
  made.topics = java_order(std::move(made.topics), JavaSetOrigin::kCopied);
  return made;
}

}  // namespace

std::vector<DescribedNode> describe_group(const Topology::Specification& topology,
                                          const NodeGroup& group) {
  std::deque<SizedNode> nodes;
  std::map<std::string, SizedNode*> by_name;
  std::vector<std::string> names;
  for (const std::size_t i : group.nodes) {
    nodes.push_back({.spec = &topology.nodes[i], .parents = {}, .children = {}});
    by_name[topology.nodes[i].name] = &nodes.back();
    names.push_back(topology.nodes[i].name);
  }
  for (const std::string& name : java_order(std::move(names), JavaSetOrigin::kGrown)) {
    SizedNode& node = *by_name.at(name);
    for (const std::string& parent_name : node.spec->parents) {
      SizedNode& parent = *by_name.at(parent_name);
      node.parents.insert(&parent);
      parent.children.insert(&node);
      parent.grow(node.size);
    }
  }
  std::set<SizedNode*, BySize> ordered;
  for (SizedNode& node : nodes) ordered.insert(&node);
  std::vector<DescribedNode> result;
  for (const SizedNode* node : ordered) result.push_back(described(topology, *node));
  return result;
}

}  // namespace millstream
