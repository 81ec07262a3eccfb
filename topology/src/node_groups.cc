#include "node_groups.h"

#include "check_topology.h"

#include <map>
#include <numeric>
#include <set>
#include <string>

namespace millstream {

namespace {

/// Disjoint sets of node positions.
class UnionFind {
 public:
  explicit UnionFind(std::size_t size) : parent_(size) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }
  std::size_t root(std::size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void unite(std::size_t a, std::size_t b) { parent_[root(b)] = root(a); }

 private:
  std::vector<std::size_t> parent_;
};

}  // namespace

std::vector<NodeGroup> make_node_groups(const Topology::Specification& topology) {
  UnionFind sets(topology.nodes.size());
  std::map<std::string, std::size_t> positions;
  std::map<std::string, std::size_t> first_user;
  for (std::size_t i = 0; i < topology.nodes.size(); ++i) {
    const NodeSpec& node = topology.nodes[i];
    positions[node.name] = i;
    for (const std::string& parent : node.parents) sets.unite(positions.at(parent), i);
    for (const std::string& store : connected_stores(topology, node)) {
      sets.unite(first_user.try_emplace(store, i).first->second, i);
    }
  }
  std::set<std::string> global_sources;
  for (const GlobalStore& global : topology.globals) global_sources.insert(global.source_node);

  std::vector<NodeGroup> groups;
  std::map<std::size_t, std::size_t> group_of_root;
  for (std::size_t i = 0; i < topology.nodes.size(); ++i) {
    const auto [entry, is_new] = group_of_root.try_emplace(sets.root(i), groups.size());
    if (is_new) groups.push_back({.id = static_cast<int>(groups.size()), .nodes = {}});
    NodeGroup& group = groups[entry->second];
    group.nodes.push_back(i);
    if (global_sources.contains(topology.nodes[i].name)) group.is_global = true;
  }
  return groups;
}

}  // namespace millstream
