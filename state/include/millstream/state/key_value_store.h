#pragma once

#include <millstream/core/record.h>
#include <millstream/core/result.h>
#include <millstream/core/serde.h>
#include <millstream/core/time.h>
#include <millstream/state/byte_store.h>
#include <millstream/state/errors.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace millstream {

namespace detail {
/// Throw a StoreError for a (de)serialisation fault; what is in a store was written by its own serde.
void require_ok(const Status& status, const std::string& store, std::string_view doing);
}  // namespace detail

/// A typed walk over a store; see ByteIterator. Rows are made when they are asked for.
template <class Row>
class StoreIterator {
 public:
  class Source {
   public:
    virtual ~Source() = default;
    /// The next row, or nothing at the end.
    virtual std::optional<Row> next() = 0;
  };
  explicit StoreIterator(std::unique_ptr<Source> source) : source_(std::move(source)) {}
  [[nodiscard]] std::optional<Row> next() { return source_->next(); }

 private:
  std::unique_ptr<Source> source_;
};

/// A key-value store without timestamps. **Thread**: the task's. **Errors**: StoreError.
/// **Source**: KeyValueStore of Kafka Streams.
template <class K, class V>
class KeyValueStore {
 public:
  using Row = std::pair<K, V>;
  KeyValueStore(ByteStore& bytes, Serde<K> key, Serde<V> value)
      : bytes_(&bytes), key_(std::move(key)), value_(std::move(value)) {}

  [[nodiscard]] const std::string& name() const { return bytes_->name(); }
  [[nodiscard]] std::optional<V> get(const K& key) {
    const auto bytes = bytes_->get(key_bytes(key));
    if (!bytes) return std::nullopt;
    return to_value(*bytes);
  }
  void put(const K& key, const V& value) {
    value_buffer_.clear();
    detail::require_ok(value_.serialize(value, value_buffer_), name(), "writing a value");
    bytes_->put(key_bytes(key), value_buffer_);
  }
  void erase(const K& key) { bytes_->erase(key_bytes(key)); }
  /// Put unless the key has a value; the value that it had.
  std::optional<V> put_if_absent(const K& key, const V& value) {
    auto present = get(key);
    if (!present) put(key, value);
    return present;
  }
  /// Rows with serialised keys in [from, to], both inclusive; null is no bound.
  [[nodiscard]] StoreIterator<Row> range(const K* from, const K* to,
                                         Direction direction = Direction::kForward) {
    std::string low;
    std::string high;
    if (from != nullptr) detail::require_ok(key_.serialize(*from, low), name(), "writing a key");
    if (to != nullptr) {
      detail::require_ok(key_.serialize(*to, high), name(), "writing a key");
      high.push_back('\0');
    }
    return walk(bytes_->scan(low, high, direction));
  }
  [[nodiscard]] StoreIterator<Row> all(Direction direction = Direction::kForward) {
    return range(nullptr, nullptr, direction);
  }
  /// Rows whose serialised keys begin with `prefix`.
  [[nodiscard]] StoreIterator<Row> prefix_scan(std::string_view prefix);
  [[nodiscard]] std::uint64_t approximate_num_entries() const {
    return bytes_->approximate_entries();
  }

 private:
  std::string_view key_bytes(const K& key) {
    key_buffer_.clear();
    detail::require_ok(key_.serialize(key, key_buffer_), name(), "writing a key");
    return key_buffer_;
  }
  V to_value(std::string_view bytes) {
    V value{};
    detail::require_ok(value_.deserialize(bytes, value), name(), "reading a value");
    return value;
  }
  StoreIterator<Row> walk(std::unique_ptr<ByteIterator> rows);

  ByteStore* bytes_;
  Serde<K> key_;
  Serde<V> value_;
  std::string key_buffer_;
  std::string value_buffer_;
};

}  // namespace millstream
