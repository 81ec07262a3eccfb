#pragma once

#include <millstream/operators/detail/foreign_key_nodes.h>
#include <millstream/operators/detail/join_graph_node.h>
#include <millstream/operators/detail/repartition.h>
#include <millstream/operators/detail/table_source.h>
#include <millstream/operators/join_options.h>
#include <millstream/operators/type_fwd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millstream::detail {

/// The names of a foreign-key join's parts, in Kafka Streams' order.
/// **Source**: KTableImpl.doJoinOnForeignKey.
struct ForeignJoinNames {
  std::string subscription_topic;
  std::string send;
  std::string subscription_sink;
  std::string subscription_source;
  std::string store;
  std::string receive;
  std::string subscription_join;
  std::string foreign_table;
  std::string response_topic;
  std::string response_sink;
  std::string response_source;
  std::string resolver;
  std::string result;
};
ForeignJoinNames foreign_join_names(StreamGraph& graph, const std::string& name);

/// The typed pieces of a foreign-key join, and what they hang on.
struct ForeignJoinParts {
  GraphNode* left = nullptr;
  GraphNode* right = nullptr;
  std::shared_ptr<const ProcessorSpec> send;
  std::shared_ptr<const NodeFactory> subscription_sink;
  std::shared_ptr<const NodeFactory> subscription_source;
  std::shared_ptr<const ProcessorSpec> receive;
  std::shared_ptr<const ProcessorSpec> subscription_join;
  std::shared_ptr<const ProcessorSpec> foreign_table;
  std::shared_ptr<const NodeFactory> response_sink;
  std::shared_ptr<const NodeFactory> response_source;
  std::shared_ptr<const ProcessorSpec> resolver;
};
/// Put them into the graph; the resolver's node, below which the result goes.
GraphNode& add_foreign_join(StreamGraph& graph, const ForeignJoinNames& names,
                            const ForeignJoinParts& parts);
[[nodiscard]] StoreSpec subscription_store(const std::string& name);

/// Specifications and topics' ends of a foreign-key join.
template <class Types>
ForeignJoinParts foreign_join_parts(const std::shared_ptr<const ForeignJoinPlan<Types>>& plan) {
  using K = typename Types::K;
  using ForeignKey = std::optional<typename Types::KF>;
  using Ask = Subscription<K>;
  using Answer = SubscriptionResponse<typename Types::VF>;
  const auto part = [&]<class NodeType>(std::vector<StoreSpec> own,
                                        std::vector<std::string> connected) {
    return std::make_shared<ForeignJoinPartSpec<NodeType, Types>>(plan, std::move(own),
                                                                  std::move(connected));
  };
  const Serde<Ask> ask(SubscriptionSerde<K>{plan->key_serde});
  const Serde<Answer> answer(
      SubscriptionResponseSerde<typename Types::VF>{plan->foreign_value_serde});
  const auto to_sender = [](std::string_view, const K&, const Answer& response, PartitionId) {
    return std::optional<PartitionId>(response.partition);
  };
  ForeignJoinParts parts;
  parts.send = part.template operator()<SubscriptionSendNode<Types>>({}, {});
  parts.subscription_sink = topic_sink<ForeignKey, Ask>(plan->foreign_key_serde, ask);
  parts.subscription_source = internal_source<ForeignKey, Ask>(plan->foreign_key_serde, ask);
  parts.receive = part.template operator()<SubscriptionReceiveNode<Types>>({plan->store}, {});
  parts.subscription_join =
      part.template operator()<SubscriptionJoinNode<Types>>({}, plan->right->getter_stores());
  parts.foreign_table = part.template operator()<ForeignTableNode<Types>>({}, {plan->store.name});
  parts.response_sink = topic_sink<K, Answer>(plan->key_serde, answer, to_sender);
  parts.response_source = internal_source<K, Answer>(plan->key_serde, answer);
  parts.resolver =
      part.template operator()<ResponseJoinNode<Types>>({}, plan->left->getter_stores());
  return parts;
}

/// The serdes that a foreign-key join needs, and its functions.
template <class Types>
std::shared_ptr<const ForeignJoinPlan<Types>> foreign_join_plan(
    const KTable<typename Types::K, typename Types::V>& left,
    const KTable<typename Types::KF, typename Types::VF>& right, typename Types::Extract extractor,
    typename Types::F joiner, const std::string& store) {
  StreamGraph& graph = *left.place().graph;
  const auto serde = [&graph]<class T>(const char* part, const std::optional<Serde<T>>& inherited) {
    return require_serde<T>(graph, "a foreign-key join", part, {}, inherited);
  };
  return std::make_shared<ForeignJoinPlan<Types>>(ForeignJoinPlan<Types>{
      left.spec(), right.spec(), std::move(extractor), std::move(joiner),
      serde("key", left.key_serde()), serde("value", left.value_serde()),
      serde("foreign key", right.key_serde()), serde("foreign value", right.value_serde()),
      subscription_store(store)});
}

template <JoinKind Kind, class K, class V, class KF, class VF, class Extract, class F, class VR>
KTable<K, VR> join_by_foreign_key(const KTable<K, V>& left, const KTable<KF, VF>& right,
                                  Extract extractor, F joiner, const TableJoined& joined,
                                  const Materialized<K, VR>& options) {
  using Types = ForeignJoinTypes<K, V, KF, VF, Extract, F, Kind>;
  StreamGraph& graph = *left.place().graph;
  right.spec()->enable_sending_old_values(true);
  left.spec()->enable_sending_old_values(true);
  const ForeignJoinNames names = foreign_join_names(graph, joined.name);
  right.spec()->enable_reads();
  left.spec()->enable_reads();
  const auto plan =
      foreign_join_plan<Types>(left, right, std::move(extractor), std::move(joiner), names.store);
  ForeignJoinParts parts = foreign_join_parts<Types>(plan);
  parts.left = left.place().node;
  parts.right = right.place().node;
  GraphNode& resolver = add_foreign_join(graph, names, parts);
  const std::string store = graph.store_name_or_new(options.name, "KTABLE-FK-JOIN-OUTPUT-");
  auto spec = std::make_shared<TableSourceSpec<K, std::optional<VR>>>(
      table_store(options.store_options(), store),
      require_serde<K>(graph, "a join", "key", options.key_serde, plan->key_serde),
      require_serde<VR>(graph, "a join", "value", options.value_serde, {}), !options.name.empty());
  GraphNode& node =
      graph.add(resolver, std::make_unique<ProcessorGraphNode>(
                              names.result, std::shared_ptr<const ProcessorSpec>(spec)));
  return {{&graph, &node},
          std::move(spec),
          inherit(options.key_serde, left.key_serde()),
          inherit(options.value_serde)};
}

}  // namespace millstream::detail
