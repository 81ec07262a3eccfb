#pragma once

#include <millstream/core/nullable.h>
#include <millstream/core/serdes.h>
#include <millstream/core/windowed.h>
#include <millstream/operators/detail/window_aggregate.h>
#include <millstream/operators/kgrouped_stream.h>
#include <millstream/operators/ktable.h>
#include <millstream/operators/options.h>
#include <millstream/operators/windows.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace millstream {

/// A grouped stream, divided by windows of time, to be aggregated. Null keys are dropped, and
/// records whose windows are closed; null values go to the functions, which see them as declared.
/// **Order**: the windows of one record by ascending start. **Lifetime**, **Thread**: as KStream.
/// **Source**: TimeWindowedKStream of Kafka Streams.
template <class K, class V, class W>
class TimeWindowedKStream {
 public:
  using Key = NonNull<K>;
  using Value = NonNull<V>;

  /// Count the records of each key and window.
  [[nodiscard]] KTable<Windowed<Key>, std::int64_t> count(
      Materialized<Key, std::int64_t> options = {}) const {
    return count(Named{}, std::move(options));
  }
  [[nodiscard]] KTable<Windowed<Key>, std::int64_t> count(
      const Named& named, Materialized<Key, std::int64_t> options) const {
    return make(detail::CountFunctions{}, named, options, "KSTREAM-AGGREGATE-");
  }

  /// Combine the values of each key and window by `reducer(aggregate, value)`.
  template <Reducer<NonNull<V>, V> F>
  [[nodiscard]] KTable<Windowed<Key>, Value> reduce(F reducer,
                                                    Materialized<Key, Value> options = {}) const {
    return reduce(std::move(reducer), Named{}, std::move(options));
  }
  template <Reducer<NonNull<V>, V> F>
  [[nodiscard]] KTable<Windowed<Key>, Value> reduce(F reducer, const Named& named,
                                                    Materialized<Key, Value> options) const {
    using Functions =
        detail::AggregateFunctions<detail::NullInitializer<V>, detail::ReduceAggregator<V, F>>;
    return make(Functions{{}, {std::move(reducer)}}, named,
                detail::with_value_serde(options, grouped_.value_serde()), "KSTREAM-REDUCE-");
  }

  /// Fold the values of each key and window by `aggregator(key, value, aggregate)`, beginning with
  /// `initializer()`. A null result deletes; the next record begins again.
  template <Initializer Init, Aggregator<NonNull<K>, V, detail::InitialAggregate<Init>> Agg>
  [[nodiscard]] auto aggregate(
      Init initializer, Agg aggregator,
      Materialized<Key, NonNull<detail::InitialAggregate<Init>>> options = {}) const {
    return aggregate(std::move(initializer), std::move(aggregator), Named{}, std::move(options));
  }
  template <Initializer Init, Aggregator<NonNull<K>, V, detail::InitialAggregate<Init>> Agg>
  [[nodiscard]] auto aggregate(
      Init initializer, Agg aggregator, const Named& named,
      Materialized<Key, NonNull<detail::InitialAggregate<Init>>> options) const {
    using Functions = detail::AggregateFunctions<Init, Agg>;
    return make(Functions{std::move(initializer), std::move(aggregator)}, named, options,
                "KSTREAM-AGGREGATE-");
  }

  // ---- for the DSL's own use ----

  TimeWindowedKStream(KGroupedStream<K, V> grouped, W windows)
      : grouped_(std::move(grouped)), windows_(std::move(windows)) {}

 private:
  template <class Functions, class A>
  KTable<Windowed<Key>, A> make(Functions functions, const Named& named,
                                const Materialized<Key, A>& options,
                                std::string_view prefix) const {
    detail::StreamGraph& graph = grouped_.graph();
    const std::string store = graph.store_name_or_new(options.name, prefix);
    check(store, options.retention);
    auto key_serde = detail::require_serde(graph, "a windowed aggregation", "key",
                                           options.key_serde, grouped_.key_serde());
    detail::StoredTable<Key, A> table{
        detail::window_store(options.store_options(), store, windows_.size(), needed_retention()),
        key_serde,
        detail::require_serde(graph, "a windowed aggregation", "value", options.value_serde, {})};
    const auto [name, parent] = grouped_.name_and_parent(named, prefix, store);
    using NodeType = detail::WindowAggregateNode<K, V, W, Functions>;
    auto spec = std::make_shared<detail::WindowAggregationSpec<NodeType, W, Functions>>(
        windows_, std::move(functions), std::move(table));
    detail::GraphNode& node =
        graph.add(*parent, std::make_unique<detail::ProcessorGraphNode>(name, spec));
    return {{&graph, &node},
            std::move(spec),
            Serde<Windowed<Key>>(TimeWindowedSerde<Key>{windows_.size(), std::move(key_serde)}),
            detail::inherit(options.value_serde)};
  }

  /// Size and grace, as far as that can be counted.
  [[nodiscard]] Duration needed_retention() const {
    return (Timestamp(0) + windows_.size() + windows_.grace()) - Timestamp(0);
  }
  void check(const std::string& store, const std::optional<Duration>& retention) const {
    detail::check_windows(grouped_.graph(), store, windows_.fault(), needed_retention(), retention);
  }

  KGroupedStream<K, V> grouped_;
  W windows_;
};

}  // namespace millstream
