#pragma once

#include <millstream/operators/detail/aggregation_spec.h>
#include <millstream/operators/detail/repartition.h>
#include <millstream/operators/detail/stream_graph.h>
#include <millstream/operators/options.h>
#include <millstream/operators/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace millstream {

/// The rows of a table, grouped by another key, to be aggregated: a changed row is taken out of its
/// old group by a subtractor and put into its new one by an adder. Always repartitions.
/// **Order**: the old group's change comes before the new one's; if it is the same group, there is
/// one.
/// **Lifetime**, **Thread**: as KStream. **Source**: KGroupedTable of Kafka Streams.
template <class K, class V>
class KGroupedTable {
 public:
  /// Count the rows of each group. A group that loses its last row counts 0.
  [[nodiscard]] KTable<K, std::int64_t> count(Materialized<K, std::int64_t> options = {}) const {
    return count(Named{}, std::move(options));
  }
  [[nodiscard]] KTable<K, std::int64_t> count(const Named& named,
                                              Materialized<K, std::int64_t> options) const;

  /// Combine values of a group by `adder(aggregate, value)` and `subtractor(aggregate, value)`.
  template <Reducer<V, V> Add, Reducer<V, V> Subtract>
  [[nodiscard]] KTable<K, V> reduce(Add adder, Subtract subtractor,
                                    Materialized<K, V> options = {}) const {
    return reduce(std::move(adder), std::move(subtractor), Named{}, std::move(options));
  }
  template <Reducer<V, V> Add, Reducer<V, V> Subtract>
  [[nodiscard]] KTable<K, V> reduce(Add adder, Subtract subtractor, const Named& named,
                                    Materialized<K, V> options) const;

  /// Fold values of a group by `adder(key, value, aggregate)` and `subtractor(key, value,
  /// aggregate)`, beginning with `initializer()`. A null result deletes; the next value begins
  /// again.
  template <Initializer Init, Aggregator<K, V, detail::InitialAggregate<Init>> Add,
            Aggregator<K, V, detail::InitialAggregate<Init>> Subtract>
  [[nodiscard]] auto aggregate(
      Init initializer, Add adder, Subtract subtractor,
      Materialized<K, NonNull<detail::InitialAggregate<Init>>> options = {}) const {
    return aggregate(std::move(initializer), std::move(adder), std::move(subtractor), Named{},
                     std::move(options));
  }
  template <Initializer Init, Aggregator<K, V, detail::InitialAggregate<Init>> Add,
            Aggregator<K, V, detail::InitialAggregate<Init>> Subtract>
  [[nodiscard]] auto aggregate(
      Init initializer, Add adder, Subtract subtractor, const Named& named,
      Materialized<K, NonNull<detail::InitialAggregate<Init>>> options) const;

  // ---- for the DSL's own use ----

  KGroupedTable(detail::GraphPlace place, Grouped<K, V> options)
      : group_(std::make_shared<detail::GroupPlace>(
            detail::GroupPlace{place.graph, place.node, options.name, nullptr})),
        options_(std::move(options)) {}

  [[nodiscard]] detail::StreamGraph& graph() const { return *group_->graph; }
  [[nodiscard]] detail::Inherited<K> key_serde() const {
    return detail::inherit(options_.key_serde);
  }
  [[nodiscard]] detail::Inherited<V> value_serde() const {
    return detail::inherit(options_.value_serde);
  }
  /// An aggregation's node: its name, and the repartition below which it goes.
  [[nodiscard]] std::pair<std::string, detail::GraphNode*> name_and_parent(
      const Named& named, std::string_view prefix, const std::string& store) const;

 private:
  std::shared_ptr<detail::GroupPlace> group_;
  Grouped<K, V> options_;
};

}  // namespace millstream

#include <millstream/operators/detail/kgrouped_table_impl.h>  // IWYU pragma: keep
