#pragma once

#include <millstream/operators/branched_kstream.h>
#include <millstream/operators/detail/functions.h>
#include <millstream/operators/detail/stateless_nodes.h>
#include <millstream/operators/detail/table_source.h>
#include <millstream/operators/kgrouped_stream.h>
#include <millstream/operators/kstream.h>
#include <millstream/operators/ktable.h>
#include <millstream/topology/detail/processor_node.h>

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

namespace millstream {

template <class K, class V>
template <class KR, class VR>
KStream<KR, VR> KStream<K, V>::behind(std::string_view prefix, const Named& named,
                                      std::shared_ptr<const detail::ProcessorSpec> spec,
                                      detail::OperatorTraits traits, detail::Inherited<KR> key,
                                      detail::Inherited<VR> value) const {
  detail::GraphNode& node =
      place_.graph->add_processor(*place_.node, prefix, named, std::move(spec), traits);
  return {{place_.graph, &node}, std::move(key), std::move(value)};
}

template <class K, class V>
template <KeyValuePredicate<K, V> F>
KStream<K, V> KStream<K, V>::filter(F predicate, const Named& named) const {
  return behind<K, V>(
      "KSTREAM-FILTER-", named,
      detail::function_spec<detail::FilterNode<K, V, F, true>>(std::move(predicate)), {},
      key_serde_, value_serde_);
}

template <class K, class V>
template <KeyValuePredicate<K, V> F>
KStream<K, V> KStream<K, V>::filter_not(F predicate, const Named& named) const {
  return behind<K, V>(
      "KSTREAM-FILTER-", named,
      detail::function_spec<detail::FilterNode<K, V, F, false>>(std::move(predicate)), {},
      key_serde_, value_serde_);
}

template <class K, class V>
template <KeyValueMapper<K, V> F>
auto KStream<K, V>::map(F mapper, const Named& named) const {
  using Pair = detail::KeyValueResult<F, K, V>;
  using KR = detail::Owned<typename Pair::first_type>;
  using VR = detail::Owned<typename Pair::second_type>;
  return behind<KR, VR>("KSTREAM-MAP-", named,
                        detail::function_spec<detail::MapNode<K, V, F, KR, VR>>(std::move(mapper)),
                        {.key_changing = true}, {}, {});
}

template <class K, class V>
template <ValueFunction<K, V> F>
auto KStream<K, V>::map_values(F mapper, const Named& named) const {
  using VR = detail::ValueResult<F, K, V>;
  return behind<K, VR>("KSTREAM-MAPVALUES-", named,
                       detail::function_spec<detail::MapValuesNode<K, V, F, VR>>(std::move(mapper)),
                       {.value_changing = true}, key_serde_, {});
}

template <class K, class V>
template <KeyValueFlatMapper<K, V> F>
auto KStream<K, V>::flat_map(F mapper, const Named& named) const {
  using Pair = detail::ElementOf<detail::KeyValueResult<F, K, V>>;
  using KR = typename Pair::first_type;
  using VR = typename Pair::second_type;
  return behind<KR, VR>(
      "KSTREAM-FLATMAP-", named,
      detail::function_spec<detail::FlatMapNode<K, V, F, KR, VR>>(std::move(mapper)),
      {.key_changing = true}, {}, {});
}

template <class K, class V>
template <ValueFlatMapper<K, V> F>
auto KStream<K, V>::flat_map_values(F mapper, const Named& named) const {
  using VR = detail::ElementOf<detail::ValueResult<F, K, V>>;
  return behind<K, VR>(
      "KSTREAM-FLATMAPVALUES-", named,
      detail::function_spec<detail::FlatMapValuesNode<K, V, F, VR>>(std::move(mapper)),
      {.value_changing = true}, key_serde_, {});
}

template <class K, class V>
template <UserFunction<const K&, const V&> F>
auto KStream<K, V>::select_key(F selector, const Named& named) const {
  using KR = detail::KeyValueResult<F, K, V>;
  return behind<KR, V>(
      "KSTREAM-KEY-SELECT-", named,
      detail::function_spec<detail::SelectKeyNode<K, V, F, KR>>(std::move(selector)),
      {.key_changing = true}, {}, value_serde_);
}

template <class K, class V>
template <UserFunction<const K&, const V&> F>
KStream<K, V> KStream<K, V>::peek(F action, const Named& named) const {
  return behind<K, V>("KSTREAM-PEEK-", named,
                      detail::function_spec<detail::PeekNode<K, V, F>>(std::move(action)), {},
                      key_serde_, value_serde_);
}

template <class K, class V>
template <UserFunction<const K&, const V&> F>
void KStream<K, V>::for_each(F action, const Named& named) const {
  place_.graph->add_processor(
      *place_.node, "KSTREAM-FOREACH-", named,
      detail::function_spec<detail::ForEachNode<K, V, F>>(std::move(action)));
}

template <class K, class V>
void KStream<K, V>::print(std::ostream& out, std::string label, const Named& named) const {
  const std::string name = place_.graph->name_or_new(named.name, "KSTREAM-PRINTER-");
  auto line = [&out, label = label.empty() ? name : std::move(label)](const K& key,
                                                                      const V& value) {
    out << '[' << label << "]: ";
    detail::print_to(out, key);
    out << ", ";
    detail::print_to(out, value);
    out << '\n';
  };
  using PrintNode = detail::ForEachNode<K, V, decltype(line)>;
  place_.graph->add(*place_.node, std::make_unique<detail::ProcessorGraphNode>(
                                      name, detail::function_spec<PrintNode>(std::move(line))));
}

template <class K, class V>
BranchedKStream<K, V> KStream<K, V>::split(const Named& named) const {
  return BranchedKStream<K, V>(*this, named);
}

template <class K, class V>
KStream<K, V> KStream<K, V>::merge(const KStream& other, const Named& named) const {
  auto node = std::make_unique<detail::ProcessorGraphNode>(
      place_.graph->name_or_new(named.name, "KSTREAM-MERGE-"),
      std::make_shared<const detail::PlainSpec<detail::PassThroughNode<K, V>>>());
  detail::GraphNode& added = place_.graph->add({place_.node, other.place_.node}, std::move(node));
  added.is_merge = true;
  return {{place_.graph, &added}, {}, {}};
}

template <class K, class V>
KStream<K, V> KStream<K, V>::repartition(Repartitioned<K, V> options) const {
  detail::StreamGraph& graph = *place_.graph;
  const std::string name =
      options.name.empty() ? graph.new_processor_name("KSTREAM-REPARTITION-") : options.name;
  auto factories = detail::stream_repartition<K, V>(
      detail::require_serde(graph, "repartition", "key", options.key_serde, key_serde_),
      detail::require_serde(graph, "repartition", "value", options.value_serde, value_serde_),
      std::move(options.partitioner));
  detail::GraphNode& node = graph.add(
      *place_.node,
      std::make_unique<detail::RepartitionGraphNode>(
          graph.repartition_names(name), std::move(factories), options.partitions, false));
  return {{&graph, &node},
          detail::inherit(options.key_serde, key_serde_),
          detail::inherit(options.value_serde, value_serde_)};
}

template <class K, class V>
void KStream<K, V>::to(const std::string& topic, Produced<K, V> options) const {
  detail::StreamGraph& graph = *place_.graph;
  auto sink = detail::topic_sink<K, V>(
      detail::require_serde(graph, "to", "key", options.key_serde, key_serde_),
      detail::require_serde(graph, "to", "value", options.value_serde, value_serde_),
      std::move(options.partitioner));
  detail::add_sink(place_, options.name, topic, std::move(sink));
}

template <class K, class V>
template <class F>
  requires(UserFunction<F, const Record<K, V>&, const RecordMetadata&> ||
           UserFunction<F, const K&, const V&>)
void KStream<K, V>::to(F chooser, Produced<K, V> options) const {
  TopicNameExtractor<K, V> extractor;
  if constexpr (UserFunction<F, const Record<K, V>&, const RecordMetadata&>) {
    extractor = std::move(chooser);
  } else {
    extractor = [chooser = std::move(chooser)](const Record<K, V>& record, const RecordMetadata&) {
      return std::string(chooser(record.key(), record.value()));
    };
  }
  detail::StreamGraph& graph = *place_.graph;
  auto sink = std::make_shared<detail::SinkFactory<K, V>>(detail::SinkCodec<K, V>{
      detail::require_serde(graph, "to", "key", options.key_serde, key_serde_),
      detail::require_serde(graph, "to", "value", options.value_serde, value_serde_),
      std::move(options.partitioner), std::move(extractor)});
  detail::add_sink(place_, options.name, {}, std::move(sink));
}

template <class K, class V>
KTable<NonNull<K>, NonNull<V>> KStream<K, V>::to_table(
    Materialized<NonNull<K>, NonNull<V>> options) const {
  return make_table({}, std::move(options));
}

template <class K, class V>
KTable<NonNull<K>, NonNull<V>> KStream<K, V>::to_table(
    const Named& named, Materialized<NonNull<K>, NonNull<V>> options) const {
  return make_table(named, std::move(options));
}

template <class K, class V>
KTable<NonNull<K>, NonNull<V>> KStream<K, V>::make_table(
    const Named& named, Materialized<NonNull<K>, NonNull<V>> options) const {
  detail::StreamGraph& graph = *place_.graph;
  const std::string name = graph.name_or_new(named.name, "KSTREAM-TOTABLE-");
  const std::string store = graph.store_name_or_new(options.name, "KSTREAM-TOTABLE-");
  auto key = detail::require_serde(graph, "to_table", "key", options.key_serde, key_serde_);
  auto value = detail::require_serde(graph, "to_table", "value", options.value_serde, value_serde_);
  detail::GraphNode* parent = place_.node;
  if (parent->repartition_required) {
    parent = &graph.add(*place_.node,
                        std::make_unique<detail::RepartitionGraphNode>(
                            graph.repartition_names(name),
                            detail::stream_repartition<K, V>(key, value), std::nullopt, true));
  }
  auto spec = std::make_shared<detail::TableSourceSpec<K, V>>(
      detail::table_store(options.store_options(), store), key, value, !options.name.empty());
  detail::GraphNode& node =
      graph.add(*parent, std::make_unique<detail::ProcessorGraphNode>(name, spec));
  return {{&graph, &node},
          std::move(spec),
          detail::inherit(options.key_serde, key_serde_),
          detail::inherit(options.value_serde, value_serde_)};
}

template <class K, class V>
template <class Supplier>
auto KStream<K, V>::process(Supplier supplier, NameList stores, const Named& named) const {
  using P = detail::SuppliedProcessor<Supplier>;
  static_assert(std::is_same_v<typename P::KeyIn, K> && std::is_same_v<typename P::ValueIn, V>,
                "the processor takes other key and value types than the stream has");
  detail::GraphNode& node = detail::add_user_processor(
      place_, "KSTREAM-PROCESSOR-", named,
      std::make_shared<detail::ProcessorFactory<Supplier>>(std::move(supplier)), stores,
      {.key_changing = true});
  if constexpr (!std::is_void_v<typename P::KeyOut>) {
    return KStream<typename P::KeyOut, typename P::ValueOut>({place_.graph, &node}, {}, {});
  } else {
    static_cast<void>(node);
  }
}

template <class K, class V>
template <class Supplier>
auto KStream<K, V>::process_values(Supplier supplier, NameList stores, const Named& named) const {
  using P = detail::SuppliedProcessor<Supplier>;
  static_assert(std::is_same_v<typename P::Key, K> && std::is_same_v<typename P::ValueIn, V>,
                "the processor takes other key and value types than the stream has");
  detail::GraphNode& node = detail::add_user_processor(
      place_, "KSTREAM-PROCESSVALUES-", named,
      std::make_shared<detail::FixedKeyProcessorFactory<Supplier>>(std::move(supplier)), stores,
      {.value_changing = true});
  return KStream<K, typename P::ValueOut>({place_.graph, &node}, key_serde_, {});
}

template <class K, class V>
KGroupedStream<K, V> KStream<K, V>::group_by_key(Grouped<K, V> options) const {
  return {place_, std::move(options), key_serde_, value_serde_};
}

template <class K, class V>
template <UserFunction<const K&, const V&> F>
auto KStream<K, V>::group_by(
    F selector, Grouped<detail::KeyValueResult<F, K, V>, V, SerdeUse::kCertain> options) const {
  using KR = detail::KeyValueResult<F, K, V>;
  const auto selected = select_key(std::move(selector), Named{options.name});
  return KGroupedStream<KR, V>(selected.place(), std::move(options), {}, value_serde_);
}

}  // namespace millstream
