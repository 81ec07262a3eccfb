#include "task_topology_impl.h"

#include <millstream/core/assert.h>

#include "check_topology.h"

#include <utility>

namespace millstream {

TaskTopologyImpl::TaskTopologyImpl(std::shared_ptr<const TopologyParts> parts,
                                   const std::vector<std::size_t>& nodes)
    : parts_(std::move(parts)) {
  const Topology::Specification& topology = parts_->specification;
  std::map<std::string, Node*> by_name;
  for (const std::size_t i : nodes) {
    const NodeSpec& spec = topology.nodes[i];
    NodeSite site{spec.name, connected_stores(topology, spec), {}};
    if (spec.kind == NodeKind::kSink && !spec.topics.empty()) site.topic = spec.topics.front().name;
    for (const GlobalStore& global : topology.globals) site.stores.push_back(global.store.name);
    Node& node = *nodes_.emplace_back(spec.factory->make(site));
    by_name[spec.name] = &node;
    for (const std::string& parent : spec.parents) connect(*by_name.at(parent), node);
    if (spec.kind != NodeKind::kSource) continue;
    for (const SourceTopic& topic : spec.topics) {
      sources_[topic.name] = &dynamic_cast<SourceNode&>(node);
    }
  }
}

void TaskTopologyImpl::connect(Node& parent, Node& child) {
  const std::size_t first = child.arrivals().size();
  parent.connect(child);
  edges_.push_back({&parent, &child, first, child.arrivals().size()});
}

std::vector<EdgeCount> TaskTopologyImpl::edges() const {
  std::vector<EdgeCount> counts;
  counts.reserve(edges_.size());
  for (const Edge& edge : edges_) {
    EdgeCount& count = counts.emplace_back(EdgeCount{edge.from->name(), edge.to->name()});
    for (std::size_t i = edge.first; i < edge.end; ++i) count.records += edge.to->arrivals()[i];
  }
  return counts;
}

void TaskTopologyImpl::init(TaskContext& context) {
  for (const auto& node : nodes_) node->init(context);
}

SourceNode& TaskTopologyImpl::source(std::string_view topic) {
  const auto found = sources_.find(topic);
  MILLSTREAM_ASSERT(found != sources_.end(), "a topic that the sub-topology doesn't read");
  return *found->second;
}

void TaskTopologyImpl::flush() {
  for (const auto& node : nodes_) node->flush();
}

void TaskTopologyImpl::advance_stream_time(Timestamp time) {
  for (const auto& node : nodes_) node->advance_stream_time(time);
}

void TaskTopologyImpl::close() {
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) (*node)->close();
}

}  // namespace millstream
