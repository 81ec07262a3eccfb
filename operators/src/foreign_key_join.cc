#include <millstream/operators/detail/foreign_key_join.h>

#include <set>

namespace millstream::detail {

namespace {

SourceTopic internal_topic(const std::string& name) {
  SourceTopic topic;
  topic.name = name;
  topic.internal = true;
  return topic;
}

GraphNode& add_part(StreamGraph& graph, GraphNode& parent, const std::string& name,
                    const std::shared_ptr<const ProcessorSpec>& spec) {
  return graph.add(parent, std::make_unique<ProcessorGraphNode>(name, spec));
}

void add_end(StreamGraph& graph, const std::vector<GraphNode*>& parents, const std::string& name,
             const std::string& topic, std::shared_ptr<const NodeFactory> factory) {
  NodeSpec sink;
  sink.name = name;
  sink.kind = NodeKind::kSink;
  sink.factory = std::move(factory);
  sink.topics = {internal_topic(topic)};
  graph.add(parents, std::make_unique<SinkGraphNode>(std::move(sink)));
}

GraphNode& add_begin(StreamGraph& graph, const std::string& name, const std::string& topic,
                     std::shared_ptr<const NodeFactory> factory) {
  NodeSpec source;
  source.name = name;
  source.kind = NodeKind::kSource;
  source.factory = std::move(factory);
  source.topics = {internal_topic(topic)};
  GraphNode& node = graph.add(graph.root(), std::make_unique<SourceGraphNode>(std::move(source)));
  node.sources = {name};
  return node;
}

}  // namespace

ForeignJoinNames foreign_join_names(StreamGraph& graph, const std::string& name) {
  const auto part = [&](const char* suffix, const char* prefix) {
    return graph.suffixed_or_new(name, suffix, std::string("KTABLE-") + prefix);
  };
  constexpr const char* kProcessor = "FK-JOIN-SUBSCRIPTION-PROCESSOR-";
  constexpr const char* kRegistration = "FK-JOIN-SUBSCRIPTION-REGISTRATION-";
  ForeignJoinNames names;
  names.subscription_topic = part("-subscription-registration", kRegistration) + "-topic";
  names.send = part("-subscription-registration-processor", kRegistration);
  names.subscription_sink = part("-subscription-registration-sink", "SINK-");
  names.subscription_source = part("-subscription-registration-source", "SOURCE-");
  names.store = part("-subscription-store", "FK-JOIN-SUBSCRIPTION-STATE-STORE-");
  names.receive = part("-subscription-receive", kProcessor);
  names.subscription_join = part("-subscription-join-foreign", kProcessor);
  names.foreign_table = part("-foreign-join-subscription", kProcessor);
  names.response_topic =
      part("-subscription-response", "FK-JOIN-SUBSCRIPTION-RESPONSE-") + "-topic";
  names.response_sink = part("-subscription-response-sink", "SINK-");
  names.response_source = part("-subscription-response-source", "SOURCE-");
  names.resolver =
      part("-subscription-response-resolver", "FK-JOIN-SUBSCRIPTION-RESPONSE-RESOLVER-PROCESSOR-");
  names.result = part("-result", "FK-JOIN-OUTPUT-");
  return names;
}

GraphNode& add_foreign_join(StreamGraph& graph, const ForeignJoinNames& names,
                            const ForeignJoinParts& parts) {
  GraphNode& send = add_part(graph, *parts.left, names.send, parts.send);
  add_end(graph, {&send}, names.subscription_sink, names.subscription_topic,
          parts.subscription_sink);
  GraphNode& source = add_begin(graph, names.subscription_source, names.subscription_topic,
                                parts.subscription_source);
  copartition(graph, *parts.right, source);
  GraphNode& receive = add_part(graph, source, names.receive, parts.receive);
  GraphNode& join = add_part(graph, receive, names.subscription_join, parts.subscription_join);
  GraphNode& foreign = add_part(graph, *parts.right, names.foreign_table, parts.foreign_table);
  add_end(graph, {&join, &foreign}, names.response_sink, names.response_topic, parts.response_sink);
  GraphNode& answers =
      add_begin(graph, names.response_source, names.response_topic, parts.response_source);
  std::set<std::string> sources = copartition(graph, *parts.left, answers);
  GraphNode& resolver = add_part(graph, answers, names.resolver, parts.resolver);
  resolver.sources = std::move(sources);
  return resolver;
}

StoreSpec subscription_store(const std::string& name) {
  StoreSpec spec;
  spec.name = name;
  spec.kind = StoreKind::kTimestampedKeyValue;
  return spec;
}

}  // namespace millstream::detail
