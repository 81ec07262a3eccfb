#include <millstream/operators/detail/graph_node.h>

#include <algorithm>

namespace millstream::detail {

std::vector<std::string> GraphNode::parent_names() const {
  std::vector<std::string> names;
  for (const GraphNode* parent : parents_) names.push_back(parent->name());
  return names;
}

void GraphNode::add_child(GraphNode& child) {
  if (std::find(children_.begin(), children_.end(), &child) != children_.end()) return;
  children_.push_back(&child);
  child.parents_.push_back(this);
}

void GraphNode::remove_child(GraphNode& child) {
  std::erase(children_, &child);
  std::erase(child.parents_, this);
}

void ProcessorGraphNode::write(Topology& topology) const { write_below(topology, parent_names()); }

void ProcessorGraphNode::write_below(Topology& topology, std::vector<std::string> parents) const {
  NodeSpec node;
  node.name = name();
  node.factory = factory_;
  node.parents = std::move(parents);
  node.stores = stores_;
  if (const auto* spec = dynamic_cast<const ProcessorSpec*>(factory_.get())) {
    for (std::string& store : spec->connected_stores()) node.stores.push_back(std::move(store));
    for (StoreSpec& store : spec->stores()) topology.add_state_store(std::move(store), name());
  }
  topology.add_node(std::move(node));
}

void TableSourceGraphNode::write(Topology& topology) const {
  topology.add_node(source_);
  write_below(topology, {source_.name});
}

void SinkGraphNode::write(Topology& topology) const {
  NodeSpec spec = spec_;
  spec.parents = parent_names();
  topology.add_node(std::move(spec));
}

void RepartitionGraphNode::write(Topology& topology) const {
  SourceTopic topic;
  topic.name = names_.topic;
  topic.internal = true;
  topic.partitions = partitions_;

  std::vector<std::string> above = parent_names();
  if (factories_.null_key_filter != nullptr) {
    NodeSpec filter;
    filter.name = names_.filter;
    filter.factory = keeps_null_keys ? factories_.pass_through : factories_.null_key_filter;
    filter.parents = std::move(above);
    topology.add_node(std::move(filter));
    above = {names_.filter};
  }
  NodeSpec sink;
  sink.name = names_.sink;
  sink.kind = NodeKind::kSink;
  sink.factory = factories_.sink;
  sink.parents = std::move(above);
  sink.topics = {topic};
  topology.add_node(std::move(sink));

  NodeSpec source;
  source.name = names_.source;
  source.kind = NodeKind::kSource;
  source.factory = factories_.source;
  source.topics = {topic};
  topology.add_node(std::move(source));
}

void GlobalStoreGraphNode::write(Topology& topology) const {
  topology.add_node(source_);
  NodeSpec node;
  node.name = name();
  node.factory = processor_;
  node.parents = {source_.name};
  topology.add_node(std::move(node));
  topology.mark_global(store_, source_.name, name(), source_.topics.front().name);
}

}  // namespace millstream::detail
