#include "built_topology_impl.h"

#include <millstream/core/assert.h>

#include "check_topology.h"
#include "describe.h"
#include "task_topology_impl.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace millstream {

namespace {

std::vector<StoreSpec> stores_of(const Topology::Specification& topology, const NodeGroup& group) {
  std::set<std::string> used;
  for (const std::size_t i : group.nodes) {
    for (std::string& store : connected_stores(topology, topology.nodes[i])) {
      used.insert(std::move(store));
    }
  }
  std::vector<StoreSpec> stores;
  for (const auto& store : topology.stores) {
    if (used.contains(store.spec.name)) stores.push_back(store.spec);
  }
  return stores;
}

std::vector<std::vector<std::string>> copartition_groups(const Topology::Specification& topology,
                                                         const NodeGroup& group) {
  std::map<std::string, const NodeSpec*> sources;
  for (const std::size_t i : group.nodes) sources[topology.nodes[i].name] = &topology.nodes[i];
  std::vector<std::vector<std::string>> groups;
  for (const auto& names : topology.copartitioned) {
    std::vector<std::string> topics;
    for (const std::string& name : names) {
      const auto source = sources.find(name);
      if (source == sources.end()) continue;
      for (const SourceTopic& topic : source->second->topics) topics.push_back(topic.name);
    }
    if (topics.size() > 1) groups.push_back(std::move(topics));
  }
  return groups;
}

Subtopology make_subtopology(const Topology::Specification& topology, const NodeGroup& group) {
  Subtopology made;
  made.id = group.id;
  for (const std::size_t i : group.nodes) {
    const NodeSpec& node = topology.nodes[i];
    if (node.kind == NodeKind::kProcessor) continue;
    auto& topics = node.kind == NodeKind::kSource ? made.sources : made.sinks;
    for (const SourceTopic& topic : node.topics) {
      const bool known = std::any_of(topics.begin(), topics.end(),
                                     [&](const auto& other) { return other.name == topic.name; });
      if (!known) topics.push_back(topic);
    }
  }
  made.stores = stores_of(topology, group);
  made.copartition_groups = copartition_groups(topology, group);
  return made;
}

/// The idle time-out that a sub-topology's sources have together: the longest, if all have one.
std::optional<Duration> idle_timeout_of(const Subtopology& subtopology) {
  std::optional<Duration> longest = Duration(0);
  for (const SourceTopic& source : subtopology.sources) {
    if (!source.idle_timeout) return std::nullopt;
    longest = std::max(longest, source.idle_timeout);
  }
  return longest;
}

/// An internal topic is idle once all that could write to it is: its time-out is the longest of its
/// writers', if all have one. False: nothing changed.
bool hand_down_idle_timeouts(std::vector<Subtopology>& subtopologies) {
  std::map<std::string, std::optional<Duration>> timeouts;
  for (const Subtopology& writer : subtopologies) {
    const std::optional<Duration> timeout = idle_timeout_of(writer);
    for (const SourceTopic& sink : writer.sinks) {
      const auto [known, is_new] = timeouts.emplace(sink.name, timeout);
      if (is_new) continue;
      known->second = known->second && timeout ? std::max(known->second, timeout) : std::nullopt;
    }
  }
  bool changed = false;
  for (Subtopology& reader : subtopologies) {
    for (SourceTopic& source : reader.sources) {
      const auto timeout = timeouts.find(source.name);
      if (!source.internal || timeout == timeouts.end()) continue;
      if (source.idle_timeout == timeout->second) continue;
      source.idle_timeout = timeout->second;
      changed = true;
    }
  }
  return changed;
}

}  // namespace

BuiltTopologyImpl::BuiltTopologyImpl(Topology::Specification specification) {
  auto parts = std::make_shared<TopologyParts>();
  parts->specification = std::move(specification);
  parts->groups = make_node_groups(parts->specification);
  for (const NodeGroup& group : parts->groups) {
    if (!group.is_global) {
      parts->subtopologies.push_back(make_subtopology(parts->specification, group));
    }
  }
  // Each round reaches one sub-topology further down; a loop of topics settles or has none.
  for (std::size_t i = 0; i < parts->subtopologies.size(); ++i) {
    if (!hand_down_idle_timeouts(parts->subtopologies)) break;
  }
  parts_ = std::move(parts);
}

std::unique_ptr<TaskTopology> BuiltTopologyImpl::instantiate(int subtopology) const {
  for (const NodeGroup& group : parts_->groups) {
    if (group.id == subtopology && !group.is_global) {
      return std::make_unique<TaskTopologyImpl>(parts_, group.nodes);
    }
  }
  MILLSTREAM_ASSERT(false, "no such sub-topology");
  return nullptr;
}

std::unique_ptr<TaskTopology> BuiltTopologyImpl::instantiate_all() const {
  std::vector<std::size_t> nodes;
  for (const NodeGroup& group : parts_->groups) {
    if (!group.is_global) nodes.insert(nodes.end(), group.nodes.begin(), group.nodes.end());
  }
  std::sort(nodes.begin(), nodes.end());
  return std::make_unique<TaskTopologyImpl>(parts_, nodes);
}

std::unique_ptr<TaskTopology> BuiltTopologyImpl::instantiate_global() const {
  std::vector<std::size_t> nodes;
  for (const NodeGroup& group : parts_->groups) {
    if (group.is_global) nodes.insert(nodes.end(), group.nodes.begin(), group.nodes.end());
  }
  return std::make_unique<TaskTopologyImpl>(parts_, nodes);
}

std::string BuiltTopologyImpl::describe() const { return describe_text(*parts_); }
std::string BuiltTopologyImpl::describe_json() const { return millstream::describe_json(*parts_); }
std::string BuiltTopologyImpl::describe_mermaid() const {
  return millstream::describe_mermaid(*parts_);
}

Result<std::shared_ptr<const BuiltTopology>> Topology::build() const {
  const std::vector<std::string> faults = find_faults(specification_);
  if (!faults.empty()) {
    std::string text = "the topology has " + std::to_string(faults.size()) +
                       (faults.size() == 1 ? " fault:" : " faults:");
    for (const std::string& fault : faults) text += "\n  " + fault;
    return Error::user(std::move(text));
  }
  return std::shared_ptr<const BuiltTopology>(std::make_shared<BuiltTopologyImpl>(specification_));
}

}  // namespace millstream
