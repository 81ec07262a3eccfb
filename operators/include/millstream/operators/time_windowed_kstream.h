#pragma once

#include <millstream/core/nullable.h>
#include <millstream/core/serdes.h>
#include <millstream/core/windowed.h>
#include <millstream/operators/detail/make_windowed.h>
#include <millstream/operators/detail/window_node_of.h>
#include <millstream/operators/kgrouped_stream.h>
#include <millstream/operators/ktable.h>
#include <millstream/operators/options.h>
#include <millstream/operators/windows.h>

#include <concepts>
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

  /// The same windows, put out at another time.
  [[nodiscard]] TimeWindowedKStream emit_strategy(EmitStrategy strategy) const {
    TimeWindowedKStream other = *this;
    other.emit_ = strategy;
    return other;
  }

  /// Count the records of each key and window.
  [[nodiscard]] KTable<Windowed<Key>, std::int64_t> count() const { return count_records({}, {}); }
  template <std::same_as<Named> N>
  [[nodiscard]] KTable<Windowed<Key>, std::int64_t> count(const N& named) const {
    return count(named, {});
  }
  [[nodiscard]] KTable<Windowed<Key>, std::int64_t> count(
      Materialized<Key, std::int64_t> options) const {
    return count(Named{}, std::move(options));
  }
  [[nodiscard]] KTable<Windowed<Key>, std::int64_t> count(
      const Named& named, Materialized<Key, std::int64_t> options) const {
    detail::burn_count_store(grouped_.graph(), options.name);
    return count_records(named, options);
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
  [[nodiscard]] KTable<Windowed<Key>, std::int64_t> count_records(
      const Named& named, const Materialized<Key, std::int64_t>& options) const {
    return make(detail::CountFunctions{}, named, options, "KSTREAM-AGGREGATE-");
  }
  template <class Functions, class A>
  KTable<Windowed<Key>, A> make(Functions functions, const Named& named,
                                const Materialized<Key, A>& options,
                                std::string_view prefix) const {
    const std::string store = grouped_.graph().store_name_or_new(options.name, prefix);
    check(store, options.retention);
    using NodeType = typename detail::WindowNodeOf<K, V, W, Functions>::type;
    using Getter = detail::WindowTableGetter<Key, A>;
    return detail::make_windowed<NodeType, Getter, TimeWindowedSerde<Key>>(
        grouped_, windows_, std::move(functions), named, options,
        detail::window_store(options.store_options(), store, windows_.size(),
                             windows_.needed_retention()),
        prefix, {windows_.grace(), emit_});
  }

  void check(const std::string& store, const std::optional<Duration>& retention) const {
    detail::check_windows(grouped_.graph(), store, windows_.fault(), windows_.needed_retention(),
                          retention);
    if (emit_ == EmitStrategy::kOnWindowClose && windows_.size() == Duration::max()) {
      grouped_.graph().add_fault("store " + store + ": a window without an end never closes, " +
                                 "emit its results on update");
    }
  }

  KGroupedStream<K, V> grouped_;
  W windows_;
  EmitStrategy emit_ = EmitStrategy::kOnWindowUpdate;
};

}  // namespace millstream
