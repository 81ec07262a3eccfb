#pragma once

#include <millstream/operators/cogrouped_kstream.h>
#include <millstream/operators/detail/make_aggregation.h>
#include <millstream/operators/kgrouped_stream.h>
#include <millstream/operators/ktable.h>
#include <millstream/operators/session_windowed_kstream.h>
#include <millstream/operators/time_windowed_kstream.h>

#include <memory>
#include <string>
#include <tuple>
#include <utility>

namespace millstream {

template <class K, class V>
std::pair<std::string, detail::GraphNode*> KGroupedStream<K, V>::name_and_parent(
    const Named& named, std::string_view prefix, const std::string& store) const {
  std::string name = group_->graph->name_or_new(named.name, prefix);
  detail::GraphNode& parent = aggregation_parent(store);
  return {std::move(name), &parent};
}

template <class K, class V>
detail::GraphNode& KGroupedStream<K, V>::aggregation_parent(const std::string& store_name) const {
  // Without a repartition nothing is written, and no serde is needed.
  if (!group_->node->repartition_required) return *group_->node;
  return group_->aggregation_parent(
      store_name,
      detail::stream_repartition<K, V>(
          detail::require_serde(graph(), "grouping", "key", options_.key_serde, key_serde_),
          detail::require_serde(graph(), "grouping", "value", options_.value_serde, value_serde_)));
}

template <class K, class V>
KTable<NonNull<K>, std::int64_t> KGroupedStream<K, V>::count_records(
    const Named& named, const Materialized<Key, std::int64_t>& options) const {
  using NodeType = detail::StreamAggregateNode<K, V, detail::CountFunctions>;
  return detail::make_aggregation<NodeType>(*this, detail::CountFunctions{}, named, options,
                                            "KSTREAM-AGGREGATE-", "KSTREAM-AGGREGATE-");
}

template <class K, class V>
template <Reducer<NonNull<V>, NonNull<V>> F>
KTable<NonNull<K>, NonNull<V>> KGroupedStream<K, V>::reduce(
    F reducer, const Named& named, Materialized<Key, Value> options) const {
  using NodeType = detail::StreamReduceNode<K, V, F>;
  return detail::make_aggregation<NodeType>(*this, std::move(reducer), named,
                                            detail::with_value_serde(options, value_serde()),
                                            "KSTREAM-REDUCE-", "KSTREAM-REDUCE-");
}

template <class K, class V>
template <Initializer Init, Aggregator<NonNull<K>, NonNull<V>, detail::InitialAggregate<Init>> Agg>
auto KGroupedStream<K, V>::aggregate(
    Init initializer, Agg aggregator, const Named& named,
    Materialized<Key, NonNull<detail::InitialAggregate<Init>>> options) const {
  using Functions = detail::AggregateFunctions<Init, Agg>;
  using NodeType = detail::StreamAggregateNode<K, V, Functions>;
  return detail::make_aggregation<NodeType>(
      *this, Functions{std::move(initializer), std::move(aggregator)}, named, options,
      "KSTREAM-AGGREGATE-", "KSTREAM-AGGREGATE-");
}

template <class K, class V>
template <TimeWindowing W>
TimeWindowedKStream<K, V, W> KGroupedStream<K, V>::windowed_by(W windows) const {
  return {*this, std::move(windows)};
}

template <class K, class V>
TimeWindowedKStream<K, V, SlidingWindows> KGroupedStream<K, V>::windowed_by(
    SlidingWindows windows) const {
  return {*this, windows};
}

template <class K, class V>
SessionWindowedKStream<K, V> KGroupedStream<K, V>::windowed_by(SessionWindows windows) const {
  return {*this, windows};
}

template <class K, class V>
template <class Agg>
CogroupedKStream<NonNull<K>, detail::CogroupPart<K, V, Agg>> KGroupedStream<K, V>::cogroup(
    Agg aggregator) const {
  using Part = detail::CogroupPart<K, V, Agg>;
  return CogroupedKStream<Key, Part>(std::tuple<Part>(Part{*this, std::move(aggregator)}));
}

}  // namespace millstream
