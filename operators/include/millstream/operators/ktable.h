#pragma once

#include <millstream/operators/detail/functions.h>
#include <millstream/operators/detail/joiner.h>
#include <millstream/operators/detail/repartition.h>
#include <millstream/operators/detail/stream_graph.h>
#include <millstream/operators/detail/table_spec.h>
#include <millstream/operators/detail/table_suppress.h>
#include <millstream/operators/join_options.h>
#include <millstream/operators/options.h>
#include <millstream/operators/suppressed.h>
#include <millstream/operators/type_fwd.h>
#include <millstream/topology/detail/processor_node.h>
#include <millstream/topology/name_list.h>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace millstream {

/// A table: for each key its last value. What flows are changes; a row that goes is a tombstone by
/// nature, so functions see values that are there, and may return an `std::optional` that is not.
///
/// A table is kept in a store where a Materialized names one, or where a later operator has to read
/// its rows or old values; otherwise it's computed. **Order**: a row carries the timestamp of the
/// update that came last. **Lifetime**, **Thread**: as KStream. **Source**: KTable of Kafka
/// Streams.
template <class K, class V>
class KTable {
 public:
  using key_type = K;
  using value_type = V;

  /// Keep the rows for which `predicate(key, value)` holds; others are deleted.
  template <KeyValuePredicate<K, V> F, std::same_as<Named> N = Named>
  [[nodiscard]] KTable filter(F predicate, const N& named = {}) const;
  template <KeyValuePredicate<K, V> F>
  [[nodiscard]] KTable filter(F predicate, Materialized<K, V> options) const;
  template <KeyValuePredicate<K, V> F>
  [[nodiscard]] KTable filter(F predicate, const Named& named, Materialized<K, V> options) const;

  /// Delete the rows for which `predicate(key, value)` holds; keep others.
  template <KeyValuePredicate<K, V> F, std::same_as<Named> N = Named>
  [[nodiscard]] KTable filter_not(F predicate, const N& named = {}) const;
  template <KeyValuePredicate<K, V> F>
  [[nodiscard]] KTable filter_not(F predicate, Materialized<K, V> options) const;
  template <KeyValuePredicate<K, V> F>
  [[nodiscard]] KTable filter_not(F predicate, const Named& named,
                                  Materialized<K, V> options) const;

  /// Replace each row's value by `mapper(value)` or `mapper(key, value)`; a null result deletes.
  template <ValueFunction<K, V> F, std::same_as<Named> N = Named>
  [[nodiscard]] auto map_values(F mapper, const N& named = {}) const;
  template <ValueFunction<K, V> F>
  [[nodiscard]] auto map_values(
      F mapper, Materialized<K, NonNull<detail::ValueResult<F, K, V>>> options) const;
  template <ValueFunction<K, V> F>
  [[nodiscard]] auto map_values(
      F mapper, const Named& named,
      Materialized<K, NonNull<detail::ValueResult<F, K, V>>> options) const;

  /// Replace each row's value by what a ValueTransformer makes of it. `supplier` makes a
  /// `std::unique_ptr` of a new one for each task; `stores` are its stores.
  template <class Supplier>
  [[nodiscard]] auto transform_values(Supplier supplier, NameList stores = {},
                                      const Named& named = {}) const;
  template <class Supplier>
  [[nodiscard]] auto transform_values(
      Supplier supplier, NameList stores, const Named& named,
      Materialized<K, typename detail::SuppliedProcessor<Supplier>::Result> options) const;

  /// Hold updates back until their window is closed: one result a window, no tombstones. For tables
  /// of windowed aggregations. Errors of a full buffer end the task: StreamsError.
  [[nodiscard]] KTable suppress(const SuppressedUntilWindowCloses& suppressed) const
    requires detail::kIsWindowed<K>;
  /// Hold updates back for a time: of each row the last one.
  [[nodiscard]] KTable suppress(const SuppressedUntilTimeLimit& suppressed) const;

  /// The changes as a stream: a deleted row is a null value.
  [[nodiscard]] KStream<K, std::optional<V>> to_stream(const Named& named = {}) const;
  /// The same with another key, `selector(key, value)`; the value may be null. Marks for
  /// repartition.
  template <UserFunction<const K&, const std::optional<V>&> F>
  [[nodiscard]] auto to_stream(F selector, const Named& named = {}) const;

  /// Group the rows by the pair of a key and a value that `selector(key, value)` makes.
  /// Repartitions. A null key or value leaves the row out.
  template <KeyValueMapper<K, V> F>
  [[nodiscard]] auto group_by(
      F selector, Grouped<NonNull<typename detail::KeyValueResult<F, K, V>::first_type>,
                          NonNull<typename detail::KeyValueResult<F, K, V>::second_type>,
                          SerdeUse::kCertain, SerdeUse::kCertain>
                      options = {}) const;

  // ---- joins ----

  /// What a join with a table of `VO` puts into its rows.
  template <class F, class VO, detail::JoinKind Kind>
  using JoinedRow = NonNull<detail::JoinResult<F, K, V, VO, Kind>>;

  /// Join the rows of one key, whenever one of them changes: `joiner(value, other)` or
  /// `joiner(key, value, other)`; a null result deletes. Topics must be co-partitioned.
  /// **Order**: the greater of both rows' timestamps.
  template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kInner> F>
  [[nodiscard]] auto join(const KTable<K, VO>& other, F joiner, const Named& named = {}) const;
  template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kInner> F>
  [[nodiscard]] auto join(
      const KTable<K, VO>& other, F joiner, const Named& named,
      Materialized<K, JoinedRow<F, VO, detail::JoinKind::kInner>> options) const;
  template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kInner> F>
  [[nodiscard]] auto join(
      const KTable<K, VO>& other, F joiner,
      std::type_identity_t<Materialized<K, JoinedRow<F, VO, detail::JoinKind::kInner>>> options)
      const {
    return join(other, std::move(joiner), Named{}, std::move(options));
  }
  /// The same with a row for each row of this table; the other value is an `std::optional`.
  template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kLeft> F>
  [[nodiscard]] auto left_join(const KTable<K, VO>& other, F joiner, const Named& named = {}) const;
  template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kLeft> F>
  [[nodiscard]] auto left_join(
      const KTable<K, VO>& other, F joiner, const Named& named,
      Materialized<K, JoinedRow<F, VO, detail::JoinKind::kLeft>> options) const;
  template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kLeft> F>
  [[nodiscard]] auto left_join(
      const KTable<K, VO>& other, F joiner,
      std::type_identity_t<Materialized<K, JoinedRow<F, VO, detail::JoinKind::kLeft>>> options)
      const {
    return left_join(other, std::move(joiner), Named{}, std::move(options));
  }
  /// The same with a row for each row of either table; both values are `std::optional`.
  template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kOuter> F>
  [[nodiscard]] auto outer_join(const KTable<K, VO>& other, F joiner,
                                const Named& named = {}) const;
  template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kOuter> F>
  [[nodiscard]] auto outer_join(
      const KTable<K, VO>& other, F joiner, const Named& named,
      Materialized<K, JoinedRow<F, VO, detail::JoinKind::kOuter>> options) const;
  template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kOuter> F>
  [[nodiscard]] auto outer_join(
      const KTable<K, VO>& other, F joiner,
      std::type_identity_t<Materialized<K, JoinedRow<F, VO, detail::JoinKind::kOuter>>> options)
      const {
    return outer_join(other, std::move(joiner), Named{}, std::move(options));
  }

  /// Join each row with the row of another table whose key is what `extractor(value)` or
  /// `extractor(key, value)` makes; a null key leaves the row out. Results come by way of two
  /// internal topics. **Order**: the greater of both timestamps; that of the other row where it is
  /// what changed.
  template <class KF, class VF, class Extract, JoinerOf<K, V, VF, detail::JoinKind::kInner> F>
    requires ForeignKeyExtractor<Extract, K, V, KF>
  [[nodiscard]] auto join(
      const KTable<KF, VF>& other, Extract extractor, F joiner, const TableJoined& joined = {},
      Materialized<K, JoinedRow<F, VF, detail::JoinKind::kInner>> options = {}) const;
  template <class KF, class VF, class Extract, JoinerOf<K, V, VF, detail::JoinKind::kInner> F>
    requires ForeignKeyExtractor<Extract, K, V, KF>
  [[nodiscard]] auto join(
      const KTable<KF, VF>& other, Extract extractor, F joiner,
      Materialized<K, JoinedRow<F, VF, detail::JoinKind::kInner>> options) const {
    return join(other, std::move(extractor), std::move(joiner), TableJoined{}, std::move(options));
  }
  /// The same with a row for each row of this table; the other value is an `std::optional`.
  template <class KF, class VF, class Extract, JoinerOf<K, V, VF, detail::JoinKind::kLeft> F>
    requires ForeignKeyExtractor<Extract, K, V, KF>
  [[nodiscard]] auto left_join(
      const KTable<KF, VF>& other, Extract extractor, F joiner, const TableJoined& joined = {},
      Materialized<K, JoinedRow<F, VF, detail::JoinKind::kLeft>> options = {}) const;
  template <class KF, class VF, class Extract, JoinerOf<K, V, VF, detail::JoinKind::kLeft> F>
    requires ForeignKeyExtractor<Extract, K, V, KF>
  [[nodiscard]] auto left_join(
      const KTable<KF, VF>& other, Extract extractor, F joiner,
      Materialized<K, JoinedRow<F, VF, detail::JoinKind::kLeft>> options) const {
    return left_join(other, std::move(extractor), std::move(joiner), TableJoined{},
                     std::move(options));
  }

  // ---- for the DSL's own use ----

  KTable(detail::GraphPlace place, std::shared_ptr<detail::TableSpec<K, V>> spec,
         detail::Inherited<K> key_serde, detail::Inherited<V> value_serde)
      : place_(place),
        spec_(std::move(spec)),
        key_serde_(std::move(key_serde)),
        value_serde_(std::move(value_serde)) {}
  [[nodiscard]] detail::GraphPlace place() const { return place_; }
  [[nodiscard]] const std::shared_ptr<detail::TableSpec<K, V>>& spec() const { return spec_; }
  [[nodiscard]] const detail::Inherited<K>& key_serde() const { return key_serde_; }
  [[nodiscard]] const detail::Inherited<V>& value_serde() const { return value_serde_; }
  /// The store that the options ask for, if they name one.
  template <class VR>
  std::optional<detail::StoredTable<K, VR>> stored(
      const std::optional<Materialized<K, VR>>& options,
      const detail::Inherited<VR>& value_serde) const;

 private:
  template <bool Wanted, class F>
  KTable filtered(F predicate, const Named& named,
                  const std::optional<Materialized<K, V>>& options) const;
  template <class F>
  auto mapped(
      F mapper, const Named& named,
      const std::optional<Materialized<K, NonNull<detail::ValueResult<F, K, V>>>>& options) const;
  template <class Supplier>
  auto transformed(
      Supplier supplier, const NameList& stores, const Named& named,
      const std::optional<Materialized<K, typename detail::SuppliedProcessor<Supplier>::Result>>&
          options) const;
  KTable suppressed(const std::string& given_name, detail::SuppressRule rule) const;

  detail::GraphPlace place_;
  std::shared_ptr<detail::TableSpec<K, V>> spec_;
  detail::Inherited<K> key_serde_;
  detail::Inherited<V> value_serde_;
};

}  // namespace millstream

#include <millstream/operators/detail/ktable_impl.h>   // IWYU pragma: keep
#include <millstream/operators/detail/ktable_joins.h>  // IWYU pragma: keep
