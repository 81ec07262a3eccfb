#pragma once

#include <millstream/core/record.h>
#include <millstream/core/serde.h>
#include <millstream/core/time.h>
#include <millstream/state/byte_store.h>
#include <millstream/state/detail/typed_bytes.h>
#include <millstream/state/store_iterator.h>
#include <millstream/state/store_spec.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace millstream {

/// A key-value store that keeps with each value the timestamp of its last update: what tables and
/// aggregations stand on. **Thread**: the task's. **Errors**: StoreError.
/// **Lifetime**: ends before its ByteStore does; doesn't move while a walk over it lives.
/// **Source**: TimestampedKeyValueStore of Kafka Streams.
template <class K, class V>
class TimestampedKeyValueStore {
 public:
  using Row = std::pair<K, ValueAndTimestamp<V>>;
  TimestampedKeyValueStore(ByteStore& bytes, Serde<K> key, Serde<V> value)
      : bytes_(&bytes), key_(std::move(key)), value_(std::move(value)) {}
  /// The same as every other store is made; the specification has nothing to add.
  TimestampedKeyValueStore(ByteStore& bytes, const StoreSpec&, Serde<K> key, Serde<V> value)
      : TimestampedKeyValueStore(bytes, std::move(key), std::move(value)) {}

  [[nodiscard]] const std::string& name() const { return bytes_->name(); }
  [[nodiscard]] std::optional<ValueAndTimestamp<V>> get(const K& key) {
    const auto bytes = bytes_->get(key_.write(key, name()));
    if (!bytes) return std::nullopt;
    return value_.read(*bytes, name());
  }
  /// A hint that the row of this serialised key will be wanted soon; see ByteStore::prefetch.
  void prefetch(std::string_view key, PrefetchStep step) const { bytes_->prefetch(key, step); }
  void put(const K& key, const V& value, Timestamp timestamp) {
    bytes_->put(key_.write(key, name()), value_.write(value, timestamp, name()));
  }
  void erase(const K& key) { bytes_->erase(key_.write(key, name())); }
  /// Put unless the key has a value; the value that it had.
  std::optional<ValueAndTimestamp<V>> put_if_absent(const K& key, const V& value,
                                                    Timestamp timestamp) {
    auto present = get(key);
    if (!present) put(key, value, timestamp);
    return present;
  }
  /// Rows with serialised keys in [from, to], both inclusive; null is no bound.
  /// **Order**: by serialised key.
  [[nodiscard]] StoreIterator<Row> range(const K* from, const K* to,
                                         Direction direction = Direction::kForward) {
    const detail::KeyBounds bounds = key_.bounds(from, to, name());
    return walk(bytes_->scan(bounds.low, bounds.high, direction));
  }
  [[nodiscard]] StoreIterator<Row> all(Direction direction = Direction::kForward) {
    return range(nullptr, nullptr, direction);
  }
  /// Rows whose serialised keys begin with `prefix`.
  [[nodiscard]] StoreIterator<Row> prefix_scan(std::string_view prefix,
                                               Direction direction = Direction::kForward) {
    return walk(bytes_->scan(prefix, detail::end_of_prefix(prefix), direction));
  }
  /// Call `visit(key, before, now)` for each row changed since the last commit; `before` and `now`
  /// are std::optional<ValueAndTimestamp<V>>. **Order**: ByteStore::for_each_dirty.
  template <class Visit>
  void for_each_update(Visit visit) {
    bytes_->for_each_dirty([&](std::string_view key, std::optional<std::string_view> before,
                               std::optional<std::string_view> now) {
      visit(key_.read(key, name()), read(before), read(now));
    });
  }
  [[nodiscard]] std::uint64_t approximate_num_entries() const {
    return bytes_->approximate_entries();
  }

 private:
  std::optional<ValueAndTimestamp<V>> read(std::optional<std::string_view> bytes) const {
    if (!bytes) return std::nullopt;
    return value_.read(*bytes, name());
  }
  StoreIterator<Row> walk(std::unique_ptr<ByteIterator> rows) {
    return make_store_iterator<Row>(
        [rows = detail::RowCursor(std::move(rows)), this]() mutable -> std::optional<Row> {
          if (!rows.next()) return std::nullopt;
          return Row{key_.read(rows.key(), name()), value_.read(rows.value(), name())};
        });
  }

  ByteStore* bytes_;
  detail::TypedBytes<K> key_;
  detail::TimestampedValues<V> value_;
};

}  // namespace millstream
