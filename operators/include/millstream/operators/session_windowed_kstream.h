#pragma once

#include <millstream/core/nullable.h>
#include <millstream/core/serdes.h>
#include <millstream/core/windowed.h>
#include <millstream/operators/detail/make_windowed.h>
#include <millstream/operators/detail/session_aggregate.h>
#include <millstream/operators/detail/window_aggregate.h>
#include <millstream/operators/kgrouped_stream.h>
#include <millstream/operators/ktable.h>
#include <millstream/operators/options.h>
#include <millstream/operators/session_windows.h>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace millstream {

namespace detail {

struct CountMerger {
  template <class K>
  std::int64_t operator()(const K&, std::int64_t a, std::int64_t b) const {
    return a + b;
  }
};

/// Merges sessions by a reducer. **Source**: SessionWindowedKStreamImpl.reduce.
template <class V, class F>
struct ReduceMerger {
  F reducer;
  template <class K>
  std::optional<NonNull<V>> operator()(const K&, const std::optional<NonNull<V>>& a,
                                       const std::optional<NonNull<V>>& b) const {
    if (!a || !b) return a ? a : b;
    return reducer(*a, V(*b));
  }
};

}  // namespace detail

/// A grouped stream, divided by sessions, to be aggregated. Null keys are dropped, and records
/// whose session is closed; null values go to the functions, which see them as declared.
/// **Order**: for each record first a tombstone of every session that it merges, then the session;
/// the timestamp is the session's end. **Lifetime**, **Thread**: as KStream.
/// **Source**: SessionWindowedKStream of Kafka Streams.
template <class K, class V>
class SessionWindowedKStream {
 public:
  using Key = NonNull<K>;
  using Value = NonNull<V>;

  /// The same sessions, put out at another time.
  [[nodiscard]] SessionWindowedKStream emit_strategy(EmitStrategy strategy) const {
    SessionWindowedKStream other = *this;
    other.emit_ = strategy;
    return other;
  }

  /// Count the records of each key and session.
  [[nodiscard]] KTable<Windowed<Key>, std::int64_t> count() const { return counted(Named{}, {}); }
  [[nodiscard]] KTable<Windowed<Key>, std::int64_t> count(
      Materialized<Key, std::int64_t> options) const {
    return count(Named{}, std::move(options));
  }
  template <std::same_as<Named> N>
  [[nodiscard]] KTable<Windowed<Key>, std::int64_t> count(const N& named) const {
    return count(named, {});
  }
  [[nodiscard]] KTable<Windowed<Key>, std::int64_t> count(
      const Named& named, Materialized<Key, std::int64_t> options) const {
    detail::burn_count_store(grouped_.graph(), options.name);
    return counted(named, options);
  }

  /// Combine the values of each key and session by `reducer(aggregate, value)`; also sessions.
  template <Reducer<NonNull<V>, V> F>
  [[nodiscard]] KTable<Windowed<Key>, Value> reduce(F reducer,
                                                    Materialized<Key, Value> options = {}) const {
    return reduce(std::move(reducer), Named{}, std::move(options));
  }
  template <Reducer<NonNull<V>, V> F>
  [[nodiscard]] KTable<Windowed<Key>, Value> reduce(F reducer, const Named& named,
                                                    Materialized<Key, Value> options) const {
    using Functions =
        detail::SessionFunctions<detail::NullInitializer<V>, detail::ReduceAggregator<V, F>,
                                 detail::ReduceMerger<V, F>>;
    return make(Functions{{}, {reducer}, {reducer}}, named,
                detail::with_value_serde(options, grouped_.value_serde()), "KSTREAM-REDUCE-");
  }

  /// Fold the values of each key and session by `aggregator(key, value, aggregate)`, beginning with
  /// `initializer()`, to which sessions that a record joins have been merged before by
  /// `merger(key, aggregate, session)`. A null result deletes.
  template <Initializer Init, Aggregator<NonNull<K>, V, detail::InitialAggregate<Init>> Agg,
            Merger<NonNull<K>, detail::InitialAggregate<Init>> Merge>
  [[nodiscard]] auto aggregate(
      Init initializer, Agg aggregator, Merge merger,
      Materialized<Key, NonNull<detail::InitialAggregate<Init>>> options = {}) const {
    return aggregate(std::move(initializer), std::move(aggregator), std::move(merger), Named{},
                     std::move(options));
  }
  template <Initializer Init, Aggregator<NonNull<K>, V, detail::InitialAggregate<Init>> Agg,
            Merger<NonNull<K>, detail::InitialAggregate<Init>> Merge>
  [[nodiscard]] auto aggregate(
      Init initializer, Agg aggregator, Merge merger, const Named& named,
      Materialized<Key, NonNull<detail::InitialAggregate<Init>>> options) const {
    using Functions = detail::SessionFunctions<Init, Agg, Merge>;
    return make(Functions{std::move(initializer), std::move(aggregator), std::move(merger)}, named,
                options, "KSTREAM-AGGREGATE-");
  }

  // ---- for the DSL's own use ----

  SessionWindowedKStream(KGroupedStream<K, V> grouped, SessionWindows windows)
      : grouped_(std::move(grouped)), windows_(windows) {}

 private:
  KTable<Windowed<Key>, std::int64_t> counted(
      const Named& named, const Materialized<Key, std::int64_t>& options) const {
    using Functions = detail::SessionFunctions<detail::CountInitializer, detail::CountAggregator,
                                               detail::CountMerger>;
    return make(Functions{}, named, options, "KSTREAM-AGGREGATE-");
  }

  template <class Functions, class A>
  KTable<Windowed<Key>, A> make(Functions functions, const Named& named,
                                const Materialized<Key, A>& options,
                                std::string_view prefix) const {
    const std::string store = grouped_.graph().store_name_or_new(options.name, prefix);
    detail::check_windows(grouped_.graph(), store, windows_.fault(), windows_.closing_delay(),
                          options.retention);
    using NodeType = detail::SessionAggregateNode<K, V, Functions>;
    using Getter = detail::SessionTableGetter<Key, A>;
    return detail::make_windowed<NodeType, Getter, SessionWindowedSerde<Key>>(
        grouped_, windows_, std::move(functions), named, options,
        detail::session_store(options.store_options(), store, windows_.closing_delay()), prefix,
        {windows_.closing_delay(), emit_});
  }

  KGroupedStream<K, V> grouped_;
  SessionWindows windows_;
  EmitStrategy emit_ = EmitStrategy::kOnWindowUpdate;
};

}  // namespace millstream
