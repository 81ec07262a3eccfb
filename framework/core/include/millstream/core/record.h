#pragma once

#include <millstream/core/headers.h>
#include <millstream/core/ids.h>
#include <millstream/core/time.h>

#include <optional>
#include <string_view>

namespace millstream {

/// A record on its way through the topology: a view of a key, a value, a timestamp and headers.
/// **Lifetime**: valid during `process()`; copy what shall live longer.
/// **Source**: org.apache.kafka.streams.processor.api.Record; a null key or value is an
/// `std::optional` in the type.
template <class K, class V>
class Record {
 public:
  using key_type = K;
  using value_type = V;

  Record(const K& key, const V& value, Timestamp timestamp, Headers& headers)
      : key_(&key), value_(&value), timestamp_(timestamp), headers_(&headers) {}

  [[nodiscard]] const K& key() const { return *key_; }
  [[nodiscard]] const V& value() const { return *value_; }
  [[nodiscard]] Timestamp timestamp() const { return timestamp_; }
  /// The headers: one mutable object for all that came from one input record, as in Kafka Streams.
  [[nodiscard]] Headers& headers() const { return *headers_; }

  /// The same record with another key, value, timestamp or headers. **Lifetime**: the argument must
  /// outlive the new record; a temporary does until the end of the full expression.
  template <class K2>
  [[nodiscard]] Record<K2, V> with_key(const K2& key) const {
    return Record<K2, V>(key, *value_, timestamp_, *headers_);
  }
  template <class V2>
  [[nodiscard]] Record<K, V2> with_value(const V2& value) const {
    return Record<K, V2>(*key_, value, timestamp_, *headers_);
  }
  [[nodiscard]] Record with_timestamp(Timestamp timestamp) const {
    return Record(*key_, *value_, timestamp, *headers_);
  }
  [[nodiscard]] Record with_headers(Headers& headers) const {
    return Record(*key_, *value_, timestamp_, headers);
  }

 private:
  const K* key_;
  const V* value_;
  Timestamp timestamp_;
  Headers* headers_;
};

/// What flows between the nodes of a table: the new value and, where a child asked for it, the old
/// one; null pointers are tombstones. **Lifetime**: as the record that carries it.
/// **Source**: org.apache.kafka.streams.kstream.internals.Change.
template <class V>
struct Change {
  const V* new_value = nullptr;
  const V* old_value = nullptr;
  /// False for an out-of-order update of a versioned table.
  bool is_latest = true;
};

/// Where the input record that is being processed came from. Absent topic (empty) and offset -1
/// during punctuation. **Source**: RecordMetadata of Kafka Streams.
struct RecordMetadata {
  std::string_view topic;
  PartitionId partition = 0;
  Offset offset = Offset::kNone;
};

/// A value and the timestamp of the update that made it, as stores keep it.
template <class V>
struct ValueAndTimestamp {
  V value;
  Timestamp timestamp;

  friend bool operator==(const ValueAndTimestamp&, const ValueAndTimestamp&) = default;
};

}  // namespace millstream
