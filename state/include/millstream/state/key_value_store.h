#pragma once

#include <millstream/core/serde.h>
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

/// A key-value store without timestamps. **Thread**: the task's. **Errors**: StoreError.
/// **Lifetime**: ends before its ByteStore does; doesn't move while a walk over it lives.
/// **Source**: KeyValueStore of Kafka Streams.
template <class K, class V>
class KeyValueStore {
 public:
  using Row = std::pair<K, V>;
  KeyValueStore(ByteStore& bytes, Serde<K> key, Serde<V> value)
      : bytes_(&bytes), key_(std::move(key)), value_(std::move(value)) {}
  /// The same as every other store is made; the specification has nothing to add.
  KeyValueStore(ByteStore& bytes, const StoreSpec&, Serde<K> key, Serde<V> value)
      : KeyValueStore(bytes, std::move(key), std::move(value)) {}

  [[nodiscard]] const std::string& name() const { return bytes_->name(); }
  [[nodiscard]] std::optional<V> get(const K& key) {
    const auto bytes = bytes_->get(key_.write(key, name()));
    if (!bytes) return std::nullopt;
    return value_.read(*bytes, name());
  }
  void put(const K& key, const V& value) {
    bytes_->put(key_.write(key, name()), value_.write(value, name()));
  }
  void erase(const K& key) { bytes_->erase(key_.write(key, name())); }
  /// Put unless the key has a value; the value that it had.
  std::optional<V> put_if_absent(const K& key, const V& value) {
    auto present = get(key);
    if (!present) put(key, value);
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
  [[nodiscard]] std::uint64_t approximate_num_entries() const {
    return bytes_->approximate_entries();
  }

 private:
  StoreIterator<Row> walk(std::unique_ptr<ByteIterator> rows) {
    return make_store_iterator<Row>(
        [rows = detail::RowCursor(std::move(rows)), this]() mutable -> std::optional<Row> {
          if (!rows.next()) return std::nullopt;
          return Row{key_.read(rows.key(), name()), value_.read(rows.value(), name())};
        });
  }

  ByteStore* bytes_;
  detail::TypedBytes<K> key_;
  detail::TypedBytes<V> value_;
};

}  // namespace millstream
