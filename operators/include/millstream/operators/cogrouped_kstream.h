#pragma once

#include <millstream/core/nullable.h>
#include <millstream/core/serdes.h>
#include <millstream/core/windowed.h>
#include <millstream/operators/detail/aggregation_spec.h>
#include <millstream/operators/detail/cogroup.h>
#include <millstream/operators/detail/session_aggregate.h>
#include <millstream/operators/detail/stream_aggregate.h>
#include <millstream/operators/detail/window_node_of.h>
#include <millstream/operators/kgrouped_stream.h>
#include <millstream/operators/ktable.h>
#include <millstream/operators/options.h>
#include <millstream/operators/session_windows.h>
#include <millstream/operators/windows.h>

#include <concepts>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

namespace millstream {

namespace detail {

/// What all kinds of cogroups have: the streams, and the names and serdes of their table.
template <class K, class... Parts>
class CogroupBase {
 public:
  explicit CogroupBase(std::tuple<Parts...> parts) : parts_(std::move(parts)) {}

 protected:
  [[nodiscard]] const std::tuple<Parts...>& parts() const { return parts_; }
  [[nodiscard]] StreamGraph& graph() const { return std::get<0>(parts_).grouped.graph(); }
  template <class A>
  [[nodiscard]] std::string store_name(const Materialized<K, A>& options) const {
    return graph().store_name_or_new(options.name, "COGROUPKSTREAM-AGGREGATE-");
  }
  /// The store with the serdes of its rows. Its caching is the merging node's.
  template <class A>
  [[nodiscard]] StoredTable<K, A> stored(StoreSpec store, const Materialized<K, A>& options) const {
    store.caching = false;
    return {std::move(store),
            require_serde(graph(), "a cogroup", "key", options.key_serde,
                          std::get<0>(parts_).grouped.key_serde()),
            require_serde(graph(), "a cogroup", "value", options.value_serde, {})};
  }

 private:
  std::tuple<Parts...> parts_;
};

}  // namespace detail

/// Grouped streams with the same key, divided by windows of time, to be aggregated into one table.
/// **Source**: TimeWindowedCogroupedKStream of Kafka Streams.
template <class K, class W, class... Parts>
class TimeWindowedCogroupedKStream : private detail::CogroupBase<K, Parts...> {
 public:
  /// Fold the values of each key and window by their streams' aggregators, beginning with
  /// `initializer()`.
  template <Initializer Init>
  [[nodiscard]] auto aggregate(
      Init initializer,
      Materialized<K, NonNull<detail::InitialAggregate<Init>>> options = {}) const {
    return aggregate(std::move(initializer), Named{}, std::move(options));
  }
  template <Initializer Init>
  [[nodiscard]] auto aggregate(
      Init initializer, const Named& named,
      Materialized<K, NonNull<detail::InitialAggregate<Init>>> options) const {
    using A = NonNull<detail::InitialAggregate<Init>>;
    const std::string store = this->store_name(options);
    const Duration needed = windows_.needed_retention();
    detail::check_windows(this->graph(), store, windows_.fault(), needed, options.retention);
    const auto stored = this->stored(
        detail::window_store(options.store_options(), store, windows_.size(), needed), options);
    const detail::CogroupTable<Windowed<K>, A> table{
        store, options.caching, TimeWindowedSerde<K>{windows_.size(), stored.key_serde},
        detail::inherit(options.value_serde), windows_.grace()};
    return detail::make_cogroup(
        this->graph(), this->parts(), named, table,
        [&]<class K2, class V2, class Agg>(const detail::CogroupPart<K2, V2, Agg>& part)
            -> std::shared_ptr<detail::TableSpec<Windowed<K>, A>> {
          using Functions = detail::AggregateFunctions<Init, Agg>;
          using NodeType = typename detail::WindowNodeOf<K2, V2, W, Functions>::type;
          using Spec = detail::WindowAggregationSpec<NodeType, detail::WindowTableGetter<K, A>, W,
                                                     Functions>;
          return std::make_shared<Spec>(windows_, Functions{initializer, part.aggregator}, stored,
                                        EmitStrategy::kOnWindowUpdate);
        });
  }

  // ---- for the DSL's own use ----

  TimeWindowedCogroupedKStream(std::tuple<Parts...> parts, W windows)
      : detail::CogroupBase<K, Parts...>(std::move(parts)), windows_(std::move(windows)) {}

 private:
  W windows_;
};

/// Grouped streams with the same key, divided by sessions, to be aggregated into one table.
/// **Source**: SessionWindowedCogroupedKStream of Kafka Streams.
template <class K, class... Parts>
class SessionWindowedCogroupedKStream : private detail::CogroupBase<K, Parts...> {
 public:
  /// Fold the values of each key and session by their streams' aggregators, beginning with
  /// `initializer()`; sessions that a record joins are merged by `merger(key, aggregate, session)`.
  template <Initializer Init, Merger<K, detail::InitialAggregate<Init>> Merge>
  [[nodiscard]] auto aggregate(
      Init initializer, Merge merger,
      Materialized<K, NonNull<detail::InitialAggregate<Init>>> options = {}) const {
    return aggregate(std::move(initializer), std::move(merger), Named{}, std::move(options));
  }
  template <Initializer Init, Merger<K, detail::InitialAggregate<Init>> Merge>
  [[nodiscard]] auto aggregate(
      Init initializer, Merge merger, const Named& named,
      Materialized<K, NonNull<detail::InitialAggregate<Init>>> options) const {
    using A = NonNull<detail::InitialAggregate<Init>>;
    const std::string store = this->store_name(options);
    const Duration delay = windows_.closing_delay();
    detail::check_windows(this->graph(), store, windows_.fault(), delay, options.retention);
    const auto stored =
        this->stored(detail::session_store(options.store_options(), store, delay), options);
    const detail::CogroupTable<Windowed<K>, A> table{store, options.caching,
                                                     SessionWindowedSerde<K>{stored.key_serde},
                                                     detail::inherit(options.value_serde), delay};
    return detail::make_cogroup(
        this->graph(), this->parts(), named, table,
        [&]<class K2, class V2, class Agg>(const detail::CogroupPart<K2, V2, Agg>& part)
            -> std::shared_ptr<detail::TableSpec<Windowed<K>, A>> {
          using Functions = detail::SessionFunctions<Init, Agg, Merge>;
          using NodeType = detail::SessionAggregateNode<K2, V2, Functions>;
          using Spec = detail::WindowAggregationSpec<NodeType, detail::SessionTableGetter<K, A>,
                                                     SessionWindows, Functions>;
          return std::make_shared<Spec>(windows_, Functions{initializer, part.aggregator, merger},
                                        stored, EmitStrategy::kOnWindowUpdate);
        });
  }

  // ---- for the DSL's own use ----

  SessionWindowedCogroupedKStream(std::tuple<Parts...> parts, SessionWindows windows)
      : detail::CogroupBase<K, Parts...>(std::move(parts)), windows_(windows) {}

 private:
  SessionWindows windows_;
};

/// Grouped streams with the same key and maybe different values, to be aggregated into one table,
/// each by an aggregator of its own. `Parts`: the streams and their aggregators. Their topics must
/// be co-partitioned. **Lifetime**, **Thread**: as KStream. **Source**: CogroupedKStream of Kafka
/// Streams.
template <class K, class... Parts>
class CogroupedKStream : private detail::CogroupBase<K, Parts...> {
 public:
  /// Add another stream, whose values `aggregator(key, value, aggregate)` adds.
  template <class K2, class V2, class Agg>
    requires std::same_as<NonNull<K2>, K>
  [[nodiscard]] auto cogroup(const KGroupedStream<K2, V2>& grouped, Agg aggregator) const {
    using Part = detail::CogroupPart<K2, V2, Agg>;
    return CogroupedKStream<K, Parts..., Part>(
        std::tuple_cat(this->parts(), std::tuple<Part>(Part{grouped, std::move(aggregator)})));
  }

  /// Fold the values of each key by their streams' aggregators, beginning with `initializer()`.
  /// Null keys and values are dropped; a null result deletes.
  template <Initializer Init>
  [[nodiscard]] auto aggregate(
      Init initializer,
      Materialized<K, NonNull<detail::InitialAggregate<Init>>> options = {}) const {
    return aggregate(std::move(initializer), Named{}, std::move(options));
  }
  template <Initializer Init>
  [[nodiscard]] auto aggregate(
      Init initializer, const Named& named,
      Materialized<K, NonNull<detail::InitialAggregate<Init>>> options) const {
    using A = NonNull<detail::InitialAggregate<Init>>;
    const std::string store = this->store_name(options);
    const auto stored = this->stored(detail::table_store(options.store_options(), store), options);
    const detail::CogroupTable<K, A> table{store, options.caching, stored.key_serde,
                                           detail::inherit(options.value_serde), std::nullopt};
    return detail::make_cogroup(
        this->graph(), this->parts(), named, table,
        [&]<class K2, class V2, class Agg>(const detail::CogroupPart<K2, V2, Agg>& part)
            -> std::shared_ptr<detail::TableSpec<K, A>> {
          using Functions = detail::AggregateFunctions<Init, Agg>;
          using NodeType = detail::StreamAggregateNode<K2, V2, Functions>;
          return std::make_shared<detail::AggregationSpec<NodeType, Functions>>(
              Functions{initializer, part.aggregator}, stored);
        });
  }

  /// Divide the groups by windows of time.
  template <class W>
    requires(TimeWindowing<W> || std::same_as<W, SlidingWindows>)
  [[nodiscard]] TimeWindowedCogroupedKStream<K, W, Parts...> windowed_by(W windows) const {
    return {this->parts(), std::move(windows)};
  }
  /// Divide the groups by sessions of activity.
  [[nodiscard]] SessionWindowedCogroupedKStream<K, Parts...> windowed_by(
      SessionWindows windows) const {
    return {this->parts(), windows};
  }

  // ---- for the DSL's own use ----

  explicit CogroupedKStream(std::tuple<Parts...> parts)
      : detail::CogroupBase<K, Parts...>(std::move(parts)) {}
};

}  // namespace millstream
