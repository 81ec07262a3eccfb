#pragma once

#include <millstream/core/nullable.h>
#include <millstream/operators/detail/aggregation_spec.h>
#include <millstream/operators/detail/repartition.h>
#include <millstream/operators/detail/stream_aggregate.h>
#include <millstream/operators/detail/stream_graph.h>
#include <millstream/operators/options.h>
#include <millstream/operators/session_windows.h>
#include <millstream/operators/sliding_windows.h>
#include <millstream/operators/type_fwd.h>
#include <millstream/operators/windows.h>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace millstream {

/// A stream whose records are grouped by key, to be aggregated. Aggregations drop null keys and
/// null values, keep the greatest timestamp, and put out a change of the resulting table for each
/// record.
/// **Lifetime**, **Thread**: as KStream. **Source**: KGroupedStream of Kafka Streams.
template <class K, class V>
class KGroupedStream {
 public:
  using Key = NonNull<K>;
  using Value = NonNull<V>;

  /// Count the records of each key.
  [[nodiscard]] KTable<Key, std::int64_t> count() const { return count_records({}, {}); }
  template <std::same_as<Named> N>
  [[nodiscard]] KTable<Key, std::int64_t> count(const N& named) const {
    return count_records(named, {});
  }
  [[nodiscard]] KTable<Key, std::int64_t> count(Materialized<Key, std::int64_t> options) const {
    return count(Named{}, std::move(options));
  }
  [[nodiscard]] KTable<Key, std::int64_t> count(const Named& named,
                                                Materialized<Key, std::int64_t> options) const {
    detail::burn_count_store(graph(), options.name);
    return count_records(named, options);
  }

  /// Combine the values of each key by `reducer(aggregate, value)`; the first one is the aggregate.
  template <Reducer<NonNull<V>, NonNull<V>> F>
  [[nodiscard]] KTable<Key, Value> reduce(F reducer, Materialized<Key, Value> options = {}) const {
    return reduce(std::move(reducer), Named{}, std::move(options));
  }
  template <Reducer<NonNull<V>, NonNull<V>> F>
  [[nodiscard]] KTable<Key, Value> reduce(F reducer, const Named& named,
                                          Materialized<Key, Value> options) const;

  /// Fold the values of each key by `aggregator(key, value, aggregate)`, beginning with
  /// `initializer()`. A null result deletes; the next record begins again.
  template <Initializer Init,
            Aggregator<NonNull<K>, NonNull<V>, detail::InitialAggregate<Init>> Agg>
  [[nodiscard]] auto aggregate(
      Init initializer, Agg aggregator,
      Materialized<Key, NonNull<detail::InitialAggregate<Init>>> options = {}) const {
    return aggregate(std::move(initializer), std::move(aggregator), Named{}, std::move(options));
  }
  template <Initializer Init,
            Aggregator<NonNull<K>, NonNull<V>, detail::InitialAggregate<Init>> Agg>
  [[nodiscard]] auto aggregate(
      Init initializer, Agg aggregator, const Named& named,
      Materialized<Key, NonNull<detail::InitialAggregate<Init>>> options) const;

  /// Divide the groups by windows of time: TimeWindows, UnlimitedWindows.
  template <TimeWindowing W>
  [[nodiscard]] TimeWindowedKStream<K, V, W> windowed_by(W windows) const;
  /// The same with windows around the records. Null values are dropped as well.
  [[nodiscard]] TimeWindowedKStream<K, V, SlidingWindows> windowed_by(SlidingWindows windows) const;
  /// Divide the groups by sessions of activity.
  [[nodiscard]] SessionWindowedKStream<K, V> windowed_by(SessionWindows windows) const;

  /// Aggregate together with streams of other values and the same key, this one's by
  /// `aggregator(key, value, aggregate)`; see CogroupedKStream.
  template <class Agg>
  [[nodiscard]] CogroupedKStream<Key, detail::CogroupPart<K, V, Agg>> cogroup(Agg aggregator) const;

  // ---- for the DSL's own use ----

  KGroupedStream(detail::GraphPlace place, Grouped<K, V> options,
                 const detail::Inherited<K>& key_serde, const detail::Inherited<V>& value_serde)
      : group_(std::make_shared<detail::GroupPlace>(
            detail::GroupPlace{place.graph, place.node, options.name, nullptr})),
        options_(std::move(options)),
        key_serde_(key_serde),
        value_serde_(value_serde) {}

  [[nodiscard]] detail::StreamGraph& graph() const { return *group_->graph; }
  [[nodiscard]] detail::Inherited<K> key_serde() const {
    return detail::inherit(options_.key_serde, key_serde_);
  }
  [[nodiscard]] detail::Inherited<V> value_serde() const {
    return detail::inherit(options_.value_serde, value_serde_);
  }
  /// An aggregation's node: its name, and below what it goes, behind a repartition if one is
  /// needed.
  [[nodiscard]] std::pair<std::string, detail::GraphNode*> name_and_parent(
      const Named& named, std::string_view prefix, const std::string& store) const;
  /// Below what an aggregation goes, behind a repartition if one is needed.
  [[nodiscard]] detail::GraphNode& aggregation_parent(const std::string& store_name) const;

 private:
  [[nodiscard]] KTable<Key, std::int64_t> count_records(
      const Named& named, const Materialized<Key, std::int64_t>& options) const;

  std::shared_ptr<detail::GroupPlace> group_;
  Grouped<K, V> options_;
  detail::Inherited<K> key_serde_;
  detail::Inherited<V> value_serde_;
};

}  // namespace millstream

#include <millstream/operators/detail/kgrouped_stream_impl.h>  // IWYU pragma: keep
