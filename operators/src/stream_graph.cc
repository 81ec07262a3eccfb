#include <millstream/operators/detail/stream_graph.h>

#include <algorithm>
#include <queue>
#include <set>
#include <utility>

namespace millstream::detail {

namespace {

constexpr std::string_view kRepartitionSuffix = "-repartition";

std::string numbered(std::string_view prefix, int index) {
  std::string digits = std::to_string(index);
  constexpr std::size_t kDigits = 10;
  return std::string(prefix) + std::string(kDigits - digits.size(), '0') + digits;
}

/// Whether a repartition's prefix is a generated name: KSTREAM.*-[0-9]{10} in Kafka Streams' words.
bool is_generated(std::string_view prefix) {
  constexpr std::size_t kDigits = 10;
  if (!prefix.starts_with("KSTREAM") || prefix.size() < kDigits + 1) return false;
  const std::string_view digits = prefix.substr(prefix.size() - kDigits);
  return prefix[prefix.size() - kDigits - 1] == '-' &&
         std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool has_relaxed_operator_below(const GraphNode& node, std::set<const GraphNode*>& seen) {
  return std::any_of(node.children().begin(), node.children().end(), [&](const GraphNode* child) {
    if (!seen.insert(child).second) return false;
    return child->relaxes_null_keys || has_relaxed_operator_below(*child, seen);
  });
}

}  // namespace

StreamGraph::StreamGraph() { root_.written = true; }

std::string StreamGraph::new_processor_name(std::string_view prefix) { return generate(prefix); }

std::string StreamGraph::new_store_name(std::string_view prefix) {
  return generate(std::string(prefix) + "STATE-STORE-");
}

std::string StreamGraph::generate(std::string_view prefix) {
  return generated_names_.emplace_back(numbered(prefix, next_index_++));
}

std::string StreamGraph::name_or_new(const std::string& given, std::string_view prefix) {
  std::string generated = new_processor_name(prefix);
  return given.empty() ? generated : given;
}

std::string StreamGraph::suffixed_or_new(const std::string& given, std::string_view suffix,
                                         std::string_view prefix) {
  std::string generated = new_processor_name(prefix);
  return given.empty() ? generated : given + std::string(suffix);
}

std::string StreamGraph::store_name_or_new(const std::string& given, std::string_view prefix) {
  return given.empty() ? new_store_name(prefix) : given;
}

GraphNode& StreamGraph::add(const std::vector<GraphNode*>& parents,
                            std::unique_ptr<GraphNode> node) {
  GraphNode& added = *nodes_.emplace_back(std::move(node));
  for (GraphNode* parent : parents) {
    parent->add_child(added);
    added.sources.insert(parent->sources.begin(), parent->sources.end());
    added.repartition_required |= parent->repartition_required;
  }
  added.build_priority = next_priority_++;
  if (auto* repartition = dynamic_cast<RepartitionGraphNode*>(&added)) {
    repartitions_.push_back(repartition);
    added.sources = {added.name()};
    added.repartition_required = false;
  }
  return added;
}

void StreamGraph::add_again(GraphNode& parent, GraphNode& node) {
  parent.add_child(node);
  node.build_priority = next_priority_++;
}

GraphNode& StreamGraph::add_processor(GraphNode& parent, std::string_view prefix,
                                      const Named& named, std::shared_ptr<const ProcessorSpec> spec,
                                      OperatorTraits traits) {
  auto node =
      std::make_unique<ProcessorGraphNode>(name_or_new(named.name, prefix), std::move(spec));
  GraphNode& added = add(parent, std::move(node));
  added.key_changing = traits.key_changing;
  added.value_changing = traits.value_changing;
  added.repartition_required |= traits.key_changing;
  return added;
}

NodeSpec StreamGraph::source_spec(std::string name, const std::vector<std::string>& topics,
                                  const std::optional<std::string>& reset_policy,
                                  std::optional<Duration> idle_timeout,
                                  std::shared_ptr<const NodeFactory> factory) {
  NodeSpec spec;
  spec.name = std::move(name);
  spec.kind = NodeKind::kSource;
  spec.factory = std::move(factory);
  for (const std::string& topic : topics) {
    spec.topics.push_back({.name = topic,
                           .internal = false,
                           .partitions = std::nullopt,
                           .reset_policy = reset_policy,
                           .idle_timeout = idle_timeout});
  }
  return spec;
}

RepartitionNames StreamGraph::repartition_names(const std::string& prefix) {
  RepartitionNames names;
  names.topic =
      prefix.ends_with(kRepartitionSuffix) ? prefix : prefix + std::string(kRepartitionSuffix);
  names.sink = new_processor_name("KSTREAM-SINK-");
  names.filter = new_processor_name("KSTREAM-FILTER-");
  names.source = new_processor_name("KSTREAM-SOURCE-");
  if (!is_generated(prefix)) {
    names.sink = names.topic + "-sink";
    names.filter = names.topic + "-filter";
    names.source = names.topic + "-source";
  }
  return names;
}

void StreamGraph::copartition(const std::set<std::string>& sources) {
  copartitioned_.emplace_back(sources.begin(), sources.end());
}

Topology StreamGraph::write(const Config& config) {
  Topology topology;
  if (written_) {
    topology.add_fault("this StreamsBuilder has been built already: make a new one");
    return topology;
  }
  written_ = true;
  merge_duplicate_sources();
  optimize(config);
  relax_null_key_filters();
  for (StoreSpec& store : stores_) topology.add_state_store(std::move(store));
  write_nodes(topology);
  for (const auto& sources : copartitioned_) topology.copartition_sources(sources);
  check_explicit_names(config, topology);
  for (std::string& fault : faults_) topology.add_fault(std::move(fault));
  return topology;
}

/// Streams of the same topics share one source. **Source**: mergeDuplicateSourceNodes.
void StreamGraph::merge_duplicate_sources() {
  std::map<std::string, SourceGraphNode*> reader_of;
  const std::vector<GraphNode*> children = root_.children();
  for (GraphNode* child : children) {
    auto* source = dynamic_cast<SourceGraphNode*>(child);
    if (source == nullptr) continue;
    for (const SourceTopic& topic : source->spec().topics) {
      const auto [main, is_new] = reader_of.emplace(topic.name, source);
      if (is_new || main->second == source) continue;
      merge_source(*main->second, *source);
      break;
    }
  }
}

void StreamGraph::merge_source(SourceGraphNode& main, SourceGraphNode& duplicate) {
  const auto names = [](const NodeSpec& spec) {
    std::set<std::string> topics;
    for (const SourceTopic& topic : spec.topics) topics.insert(topic.name);
    return topics;
  };
  // Different topics stay two sources, which the topology's check tells as a fault.
  if (names(main.spec()) != names(duplicate.spec())) return;
  const auto main_type = main.spec().factory->output();
  const auto other_type = duplicate.spec().factory->output();
  if (!(main_type == other_type)) {
    add_fault("topic " + main.spec().topics.front().name + " is read as " + main_type->to_string() +
              " and as " + other_type->to_string() + ": read it as one type");
  } else if (main.spec().topics.front().reset_policy !=
             duplicate.spec().topics.front().reset_policy) {
    add_fault("topic " + main.spec().topics.front().name +
              " is read with different reset policies: say the same for all");
  }
  const std::vector<GraphNode*> children = duplicate.children();
  for (GraphNode* child : children) {
    duplicate.remove_child(*child);
    main.add_child(*child);
  }
  root_.remove_child(duplicate);
  rename_source(duplicate.name(), main.name());
}

void StreamGraph::relax_null_key_filters() {
  for (RepartitionGraphNode* repartition : repartitions_) {
    std::set<const GraphNode*> seen;
    if (has_relaxed_operator_below(*repartition, seen)) repartition->keeps_null_keys = true;
  }
}

/// Parents before children, otherwise in the order of building. **Source**:
/// buildAndOptimizeTopology.
void StreamGraph::write_nodes(Topology& topology) {
  const auto later = [](const GraphNode* a, const GraphNode* b) {
    return a->build_priority > b->build_priority;
  };
  std::priority_queue<GraphNode*, std::vector<GraphNode*>, decltype(later)> queue(later);
  for (GraphNode* child : root_.children()) queue.push(child);
  while (!queue.empty()) {
    GraphNode& node = *queue.top();
    queue.pop();
    const bool ready = std::all_of(node.parents().begin(), node.parents().end(),
                                   [](const GraphNode* parent) { return parent->written; });
    if (node.written || !ready) continue;
    node.write(topology);
    node.written = true;
    for (GraphNode* child : node.children()) queue.push(child);
  }
}

/// Internal topics and stores whose names hold a generated one change their names with the
/// topology. **Source**: KIP-1111.
void StreamGraph::check_explicit_names(const Config& config, Topology& topology) const {
  const auto wanted = config.get_bool("ensure.explicit.internal.resource.naming", false);
  if (!wanted) return static_cast<void>(topology.add_fault(std::string(wanted.error().message())));
  if (!*wanted) return;
  const auto is_generated = [this](const std::string& name) {
    return std::any_of(
        generated_names_.begin(), generated_names_.end(),
        [&](const std::string& generated) { return name.find(generated) != std::string::npos; });
  };
  const auto tell = [&topology](const std::string& what, const std::string& name,
                                const std::string& remedy) {
    topology.add_fault(what + " " + name +
                       " has a generated name, which changes with the topology: " + remedy);
  };
  for (const auto& store : topology.specification().stores) {
    if (!is_generated(store.spec.name)) continue;
    tell(store.spec.logging ? "store and changelog topic" : "store", store.spec.name,
         "name it in Materialized, StreamJoined, Joined, TableJoined or Suppressed");
  }
  for (const NodeSpec& node : topology.specification().nodes) {
    if (node.kind != NodeKind::kSource) continue;
    for (const SourceTopic& topic : node.topics) {
      if (!topic.internal || !is_generated(topic.name)) continue;
      tell("internal topic", topic.name,
           "name it in Grouped, Repartitioned, Joined, StreamJoined or TableJoined");
    }
  }
}

void add_sink(GraphPlace place, const std::string& name, const std::string& topic,
              std::shared_ptr<const NodeFactory> factory) {
  NodeSpec spec;
  spec.name = place.graph->name_or_new(name, "KSTREAM-SINK-");
  spec.kind = NodeKind::kSink;
  spec.factory = std::move(factory);
  if (topic.empty()) {
    spec.topic_extractor = "chosen for each record";
  } else {
    spec.topics.emplace_back().name = topic;
  }
  place.graph->add(*place.node, std::make_unique<SinkGraphNode>(std::move(spec)));
}

GraphNode& add_user_processor(GraphPlace place, std::string_view prefix, const Named& named,
                              std::shared_ptr<const NodeFactory> factory, const NameList& stores,
                              OperatorTraits traits) {
  std::string name = named.name.empty() ? place.graph->new_processor_name(prefix) : named.name;
  GraphNode& node = place.graph->add(
      *place.node,
      std::make_unique<ProcessorGraphNode>(std::move(name), std::move(factory), stores.values()));
  node.key_changing = traits.key_changing;
  node.value_changing = traits.value_changing;
  node.repartition_required |= traits.key_changing;
  return node;
}

void burn_count_store(StreamGraph& graph, const std::string& store_name) {
  if (store_name.empty()) graph.new_store_name("KSTREAM-AGGREGATE-");
}

void check_windows(StreamGraph& graph, const std::string& store, const char* fault,
                   Duration needed_retention, const std::optional<Duration>& retention) {
  if (fault != nullptr) graph.add_fault("the windows of store " + store + ": " + fault);
  if (retention && *retention < needed_retention) {
    graph.add_fault("store " + store + " keeps its windows for " +
                    std::to_string(retention->count()) + " ms, but size and grace need " +
                    std::to_string(needed_retention.count()) + " ms");
  }
}

GraphNode& GroupPlace::aggregation_parent(const std::string& store_name,
                                          RepartitionFactories factories) {
  if (!node->repartition_required) return *node;
  const std::string& prefix = repartition_name.empty() ? store_name : repartition_name;
  RepartitionNames names = graph->repartition_names(prefix);
  if (repartition != nullptr && !repartition_name.empty()) {
    graph->add_again(*node, *repartition);
    return *repartition;
  }
  repartition = &graph->add(*node, std::make_unique<RepartitionGraphNode>(
                                       std::move(names), std::move(factories), std::nullopt, true));
  return *repartition;
}

GraphNode& GroupPlace::table_aggregation_parent(const std::string& store_name, const Named& named,
                                                RepartitionFactories factories) {
  RepartitionNames names;
  names.sink = graph->suffixed_or_new(named.name, "-sink", "KSTREAM-SINK-");
  names.source = graph->suffixed_or_new(named.name, "-source", "KSTREAM-SOURCE-");
  names.topic =
      (repartition_name.empty() ? store_name : repartition_name) + std::string(kRepartitionSuffix);
  if (repartition != nullptr && !repartition_name.empty()) {
    graph->add_again(*node, *repartition);
    return *repartition;
  }
  repartition =
      &graph->add(*node, std::make_unique<RepartitionGraphNode>(
                             std::move(names), std::move(factories), std::nullopt, false));
  return *repartition;
}

}  // namespace millstream::detail
