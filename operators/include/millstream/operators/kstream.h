#pragma once

#include <millstream/operators/detail/functions.h>
#include <millstream/operators/detail/joiner.h>
#include <millstream/operators/detail/repartition.h>
#include <millstream/operators/detail/stream_graph.h>
#include <millstream/operators/join_options.h>
#include <millstream/operators/options.h>
#include <millstream/operators/type_fwd.h>
#include <millstream/topology/name_list.h>

#include <iosfwd>
#include <string>
#include <type_traits>
#include <utility>

namespace millstream {

/// A stream of records: a cheap handle to a place in the topology that a StreamsBuilder is making.
///
/// `K` or `V` is an `std::optional` where nulls may come. Functions are shared by all tasks and
/// must be callable as const; they see keys and values as declared.
/// **Lifetime**: ends before its builder. **Thread**: one. **Source**: KStream of Kafka Streams.
template <class K, class V>
class KStream {
 public:
  using key_type = K;
  using value_type = V;

  // ---- stateless operators: outputs keep the record's timestamp and headers ----

  /// Keep the records for which `predicate(key, value)` holds.
  template <KeyValuePredicate<K, V> F>
  [[nodiscard]] KStream filter(F predicate, const Named& named = {}) const;
  /// Drop the records for which `predicate(key, value)` holds.
  template <KeyValuePredicate<K, V> F>
  [[nodiscard]] KStream filter_not(F predicate, const Named& named = {}) const;

  /// Replace key and value by the pair that `mapper(key, value)` makes. Marks for repartition.
  template <KeyValueMapper<K, V> F>
  [[nodiscard]] auto map(F mapper, const Named& named = {}) const;
  /// Replace the value by `mapper(value)` or `mapper(key, value)`.
  template <ValueFunction<K, V> F>
  [[nodiscard]] auto map_values(F mapper, const Named& named = {}) const;
  /// Replace a record by the range of pairs that `mapper(key, value)` makes. Marks for repartition.
  template <KeyValueFlatMapper<K, V> F>
  [[nodiscard]] auto flat_map(F mapper, const Named& named = {}) const;
  /// Replace a record by one for each value of the range that `mapper(value)` or `mapper(key,
  /// value)` makes.
  template <ValueFlatMapper<K, V> F>
  [[nodiscard]] auto flat_map_values(F mapper, const Named& named = {}) const;
  /// Replace the key by `selector(key, value)`. Marks for repartition.
  template <UserFunction<const K&, const V&> F>
  [[nodiscard]] auto select_key(F selector, const Named& named = {}) const;

  /// Call `action(key, value)` for its effect, and hand the record on.
  template <UserFunction<const K&, const V&> F>
  KStream peek(F action, const Named& named = {}) const;
  /// Call `action(key, value)` for its effect.
  template <UserFunction<const K&, const V&> F>
  void for_each(F action, const Named& named = {}) const;
  /// Write a line `[label]: key, value` for each record; the label is the node's name unless given.
  /// **Lifetime**: `out` outlives the topology. **Thread**: lines of several threads may mix.
  void print(std::ostream& out, std::string label = {}, const Named& named = {}) const;

  /// Divide the stream: each record goes to the first branch whose predicate holds.
  [[nodiscard]] BranchedKStream<K, V> split(const Named& named = {}) const;
  /// Put two streams together; no order between them.
  [[nodiscard]] KStream merge(const KStream& other, const Named& named = {}) const;

  // ---- to topics and tables ----

  /// Send the records through a topic, divided by their keys. Null keys are dropped, unless a left
  /// join comes later.
  [[nodiscard]] KStream repartition(Repartitioned<K, V> options = {}) const;
  /// Write the records to a topic.
  void to(const std::string& topic, Produced<K, V> options = {}) const;
  /// Write each record to the topic that `chooser(record, origin)` or `chooser(key, value)` names.
  template <class F>
    requires(UserFunction<F, const Record<K, V>&, const RecordMetadata&> ||
             UserFunction<F, const K&, const V&>)
  void to(F chooser, Produced<K, V> options = {}) const;
  /// Take the stream as the changes of a table: null values delete, null keys are dropped. Kept
  /// only if a name or a later operator asks for it. Repartitions if a key changed.
  [[nodiscard]] KTable<NonNull<K>, NonNull<V>> to_table(
      Materialized<NonNull<K>, NonNull<V>> options = {}) const;
  [[nodiscard]] KTable<NonNull<K>, NonNull<V>> to_table(
      const Named& named, Materialized<NonNull<K>, NonNull<V>> options) const;

  // ---- Processor API ----

  /// Hand the records to a processor of your own, which may change keys: marks for repartition.
  /// `supplier` makes a `std::unique_ptr` of a new one for each task; `stores` are its stores.
  /// Returns the stream of what it puts out, or nothing.
  template <class Supplier>
  auto process(Supplier supplier, NameList stores = {}, const Named& named = {}) const;
  /// The same for a FixedKeyProcessor, which can't change keys.
  template <class Supplier>
  [[nodiscard]] auto process_values(Supplier supplier, NameList stores = {},
                                    const Named& named = {}) const;

  // ---- grouping ----

  /// Group by the key as it is. Repartitions if it changed: only then are serdes needed.
  [[nodiscard]] KGroupedStream<K, V> group_by_key(Grouped<K, V> options = {}) const;
  /// Group by `selector(key, value)`. Repartitions.
  template <UserFunction<const K&, const V&> F>
  [[nodiscard]] auto group_by(
      F selector,
      Grouped<detail::KeyValueResult<F, K, V>, V, SerdeUse::kCertain> options = {}) const;

  // ---- joins: results carry the headers of the record that caused them ----

  /// Join each record with the row of its key that the table has when it comes; none, no result.
  /// Null keys and values are dropped. `joiner(value, row)` or `joiner(key, value, row)`. A
  /// versioned table is read as of the record's time, and with `Joined::grace` records wait for its
  /// rows. Repartitions if the key changed; topics must be co-partitioned. **Order**: the record's
  /// timestamp.
  template <class VT, JoinerOf<K, V, VT, detail::JoinKind::kInner> F>
  [[nodiscard]] auto join(const KTable<NonNull<K>, VT>& table, F joiner,
                          const Joined<K, V>& options = {}) const;
  /// The same with a result for every record; the row is an `std::optional`. Null keys find none.
  template <class VT, JoinerOf<K, V, VT, detail::JoinKind::kLeft> F>
  [[nodiscard]] auto left_join(const KTable<NonNull<K>, VT>& table, F joiner,
                               const Joined<K, V>& options = {}) const;

  /// Join each record with the row of the key that `key_selector(key, value)` makes. Needs no
  /// repartition.
  template <class KG, class VG, UserFunction<const K&, const V&> Select,
            JoinerOf<K, V, VG, detail::JoinKind::kInner> F>
  [[nodiscard]] auto join(const GlobalKTable<KG, VG>& table, Select key_selector, F joiner,
                          const Named& named = {}) const;
  /// The same with a result for every record; the row is an `std::optional`.
  template <class KG, class VG, UserFunction<const K&, const V&> Select,
            JoinerOf<K, V, VG, detail::JoinKind::kLeft> F>
  [[nodiscard]] auto left_join(const GlobalKTable<KG, VG>& table, Select key_selector, F joiner,
                               const Named& named = {}) const;

  /// Join the records of one key whose times are near, in each combination. Null keys and values
  /// are dropped. `joiner(value, other)` or `joiner(key, value, other)`. Repartitions where a key
  /// changed; topics must be co-partitioned. **Order**: the greater of both timestamps.
  template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kInner> F>
  [[nodiscard]] auto join(const KStream<K, VO>& other, F joiner, const JoinWindows& windows,
                          const std::type_identity_t<StreamJoined<K, V, VO>>& options = {}) const;
  /// The same, with a result for a record of this stream that found none when its window has
  /// closed; the other value is an `std::optional`. Null keys have their result at once.
  template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kLeft> F>
  [[nodiscard]] auto left_join(
      const KStream<K, VO>& other, F joiner, const JoinWindows& windows,
      const std::type_identity_t<StreamJoined<K, V, VO>>& options = {}) const;
  /// The same for the records of both streams; both values are `std::optional`.
  template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kOuter> F>
  [[nodiscard]] auto outer_join(
      const KStream<K, VO>& other, F joiner, const JoinWindows& windows,
      const std::type_identity_t<StreamJoined<K, V, VO>>& options = {}) const;

  // ---- for the DSL's own use ----

  KStream(detail::GraphPlace place, detail::Inherited<K> key_serde,
          detail::Inherited<V> value_serde)
      : place_(place), key_serde_(std::move(key_serde)), value_serde_(std::move(value_serde)) {}
  [[nodiscard]] detail::GraphPlace place() const { return place_; }
  [[nodiscard]] const detail::Inherited<K>& key_serde() const { return key_serde_; }
  [[nodiscard]] const detail::Inherited<V>& value_serde() const { return value_serde_; }

 private:
  /// The stream behind a new operator.
  template <class KR, class VR>
  KStream<KR, VR> behind(std::string_view prefix, const Named& named,
                         std::shared_ptr<const detail::ProcessorSpec> spec,
                         detail::OperatorTraits traits, detail::Inherited<KR> key,
                         detail::Inherited<VR> value) const;
  KTable<NonNull<K>, NonNull<V>> make_table(const Named& named,
                                            Materialized<NonNull<K>, NonNull<V>> options) const;

  detail::GraphPlace place_;
  detail::Inherited<K> key_serde_;
  detail::Inherited<V> value_serde_;
};

}  // namespace millstream

#include <millstream/operators/detail/kstream_impl.h>   // IWYU pragma: keep
#include <millstream/operators/detail/kstream_joins.h>  // IWYU pragma: keep
