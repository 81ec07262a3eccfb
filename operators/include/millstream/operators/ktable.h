#pragma once

#include <millstream/operators/detail/functions.h>
#include <millstream/operators/detail/repartition.h>
#include <millstream/operators/detail/stream_graph.h>
#include <millstream/operators/detail/table_spec.h>
#include <millstream/operators/options.h>
#include <millstream/operators/type_fwd.h>
#include <millstream/topology/detail/processor_node.h>
#include <millstream/topology/name_list.h>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
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
                          NonNull<typename detail::KeyValueResult<F, K, V>::second_type>>
                      options = {}) const;

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
  /// The store that the options ask for, if they name one.
  template <class VR>
  std::optional<detail::StoredTable<K, VR>> stored(
      const std::optional<Materialized<K, VR>>& options,
      const detail::Inherited<VR>& value_serde) const;

  detail::GraphPlace place_;
  std::shared_ptr<detail::TableSpec<K, V>> spec_;
  detail::Inherited<K> key_serde_;
  detail::Inherited<V> value_serde_;
};

}  // namespace millstream

#include <millstream/operators/detail/ktable_impl.h>  // IWYU pragma: keep
