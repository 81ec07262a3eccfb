#pragma once

#include <millstream/operators/detail/make_aggregation.h>
#include <millstream/operators/detail/stream_aggregate.h>
#include <millstream/operators/detail/table_group.h>
#include <millstream/operators/kgrouped_table.h>
#include <millstream/operators/ktable.h>

#include <memory>
#include <string>
#include <utility>

namespace millstream {

namespace detail {

struct CountSubtractor {
  template <class K, class V>
  std::int64_t operator()(const K&, const V&, std::int64_t count) const {
    return count - 1;
  }
};

/// The pieces of a grouped table's repartition: changes go through it, and no filter.
template <class K, class V>
RepartitionFactories table_repartition(const Serde<K>& key, const Serde<V>& value) {
  return {nullptr, nullptr, topic_sink<K, Change<V>>(key, value),
          internal_source<K, Change<V>>(key, value)};
}

}  // namespace detail

template <class K, class V>
std::pair<std::string, detail::GraphNode*> KGroupedTable<K, V>::name_and_parent(
    const Named& named, std::string_view prefix, const std::string& store) const {
  auto factories = detail::table_repartition<K, V>(
      detail::require_serde(graph(), "grouping", "key", options_.key_serde, {}),
      detail::require_serde(graph(), "grouping", "value", options_.value_serde, {}));
  detail::GraphNode& parent = group_->table_aggregation_parent(store, named, std::move(factories));
  return {graph().name_or_new(named.name, prefix), &parent};
}

template <class K, class V>
KTable<K, std::int64_t> KGroupedTable<K, V>::count(const Named& named,
                                                   Materialized<K, std::int64_t> options) const {
  using Functions =
      detail::TableAggregateFunctions<detail::CountInitializer, detail::CountAggregator,
                                      detail::CountSubtractor>;
  return detail::make_aggregation<detail::TableAggregateNode<K, V, Functions>>(
      *this, Functions{}, named, options, "KTABLE-AGGREGATE-", "KTABLE-AGGREGATE-");
}

template <class K, class V>
template <Reducer<V, V> Add, Reducer<V, V> Subtract>
KTable<K, V> KGroupedTable<K, V>::reduce(Add adder, Subtract subtractor, const Named& named,
                                         Materialized<K, V> options) const {
  using Functions = detail::TableReduceFunctions<Add, Subtract>;
  // The store's prefix is the aggregation's, as in Kafka Streams.
  return detail::make_aggregation<detail::TableReduceNode<K, V, Functions>>(
      *this, Functions{std::move(adder), std::move(subtractor)}, named,
      detail::with_value_serde(options, value_serde()), "KTABLE-REDUCE-", "KTABLE-AGGREGATE-");
}

template <class K, class V>
template <Initializer Init, Aggregator<K, V, detail::InitialAggregate<Init>> Add,
          Aggregator<K, V, detail::InitialAggregate<Init>> Subtract>
auto KGroupedTable<K, V>::aggregate(
    Init initializer, Add adder, Subtract subtractor, const Named& named,
    Materialized<K, NonNull<detail::InitialAggregate<Init>>> options) const {
  using Functions = detail::TableAggregateFunctions<Init, Add, Subtract>;
  return detail::make_aggregation<detail::TableAggregateNode<K, V, Functions>>(
      *this, Functions{std::move(initializer), std::move(adder), std::move(subtractor)}, named,
      options, "KTABLE-AGGREGATE-", "KTABLE-AGGREGATE-");
}

}  // namespace millstream
