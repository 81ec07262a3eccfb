#include <millstream/topology/topology.h>

#include <algorithm>
#include <utility>

namespace millstream {

NodeSpec Topology::source_spec(std::string name, const NameList& topics,
                               const std::optional<std::string>& reset_policy,
                               std::optional<Duration> idle_timeout) {
  NodeSpec spec;
  spec.name = std::move(name);
  spec.kind = NodeKind::kSource;
  for (const std::string& topic : topics.values()) {
    spec.topics.push_back({.name = topic,
                           .internal = false,
                           .partitions = std::nullopt,
                           .reset_policy = reset_policy,
                           .idle_timeout = idle_timeout});
  }
  return spec;
}

NodeSpec Topology::sink_spec(std::string name, std::string topic, const NameList& parents) {
  NodeSpec spec;
  spec.name = std::move(name);
  spec.kind = NodeKind::kSink;
  spec.parents = parents.values();
  spec.topics.push_back({.name = std::move(topic),
                         .internal = false,
                         .partitions = std::nullopt,
                         .reset_policy = std::nullopt,
                         .idle_timeout = std::nullopt});
  return spec;
}

Topology& Topology::add_node(NodeSpec spec) {
  specification_.nodes.push_back(std::move(spec));
  return *this;
}

Topology& Topology::add_state_store(StoreSpec store, NameList processors) {
  specification_.stores.push_back({std::move(store), processors.values()});
  return *this;
}

Topology& Topology::connect_processor_and_state_stores(std::string processor, NameList stores) {
  auto& nodes = specification_.nodes;
  const auto node = std::find_if(nodes.begin(), nodes.end(),
                                 [&](const NodeSpec& spec) { return spec.name == processor; });
  if (node == nodes.end()) {
    return add_fault("processor " + processor + " isn't there to be connected to a store");
  }
  node->stores.insert(node->stores.end(), stores.values().begin(), stores.values().end());
  return *this;
}

Topology& Topology::mark_global(StoreSpec store, std::string source_name,
                                std::string processor_name, std::string topic) {
  store.logging = false;
  specification_.globals.push_back({std::move(store), std::move(topic), std::move(source_name)});
  specification_.global_processors.push_back(std::move(processor_name));
  return *this;
}

Topology& Topology::copartition_sources(NameList sources) {
  specification_.copartitioned.push_back(sources.values());
  return *this;
}

Topology& Topology::add_fault(std::string fault) {
  specification_.faults.push_back(std::move(fault));
  return *this;
}

}  // namespace millstream
