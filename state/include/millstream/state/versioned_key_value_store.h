#pragma once

#include <millstream/core/serde.h>
#include <millstream/core/time.h>
#include <millstream/state/byte_store.h>
#include <millstream/state/detail/typed_bytes.h>
#include <millstream/state/detail/versioned_rows.h>
#include <millstream/state/store_spec.h>

#include <optional>
#include <string>
#include <utility>

namespace millstream {

/// A value and the time from which it was, and to which (not included) if it isn't the last one.
template <class V>
struct VersionedRecord {
  V value;
  Timestamp timestamp;
  std::optional<Timestamp> valid_to;

  friend bool operator==(const VersionedRecord&, const VersionedRecord&) = default;
};

/// What a put into a versioned store did: whether it was stored, not being older than the history,
/// and to which time the new version is valid if it isn't the last one. Kafka Streams returns -1
/// for "the last one" and -2^63 for "not stored".
using VersionedPut = detail::VersionedRows::Put;

/// Every version of a key, by its time, as far back as the history retention goes. The history is
/// also the grace: older puts are dropped. Any key moves the store's time on. The last version of a
/// key never expires.
/// **Thread**: the task's. **Errors**: StoreError.
/// **Source**: VersionedKeyValueStore of Kafka Streams, KIP-889. Deliberate difference: the ends of
/// versions are returned by `get` too.
template <class K, class V>
class VersionedKeyValueStore {
 public:
  VersionedKeyValueStore(ByteStore& bytes, const StoreSpec& spec, Serde<K> key, Serde<V> value)
      : name_(&bytes.name()),
        log_(spec.logging ? &bytes : nullptr),
        rows_(bytes, spec),
        key_(std::move(key)),
        value_(std::move(value)) {}

  [[nodiscard]] const std::string& name() const { return *name_; }

  /// Put a version, anywhere in the history.
  VersionedPut put(const K& key, const V& value, Timestamp timestamp) {
    return put_bytes(key_.write(key, name()), value_.write(value, name()), timestamp);
  }
  /// Put a tombstone, anywhere in the history.
  VersionedPut put_tombstone(const K& key, Timestamp timestamp) {
    return put_bytes(key_.write(key, name()), std::nullopt, timestamp);
  }
  /// Put a tombstone, and tell which version was there. Nothing: none, or older than the history.
  std::optional<VersionedRecord<V>> erase(const K& key, Timestamp timestamp) {
    if (rows_.is_expired(timestamp)) return std::nullopt;
    auto present = get(key, timestamp);
    put_tombstone(key, timestamp);
    return present;
  }
  /// The last version.
  [[nodiscard]] std::optional<VersionedRecord<V>> get(const K& key) {
    return record(rows_.get(key_.write(key, name())));
  }
  /// The version of a time. Older than the history: only if it is the last one.
  [[nodiscard]] std::optional<VersionedRecord<V>> get(const K& key, Timestamp as_of) {
    return record(rows_.get(key_.write(key, name()), as_of));
  }
  /// The greatest time put so far; none: -1.
  [[nodiscard]] Timestamp observed_time() const { return rows_.observed(); }
  /// Whether a put at that time would be dropped.
  [[nodiscard]] bool is_expired(Timestamp timestamp) const { return rows_.is_expired(timestamp); }

 private:
  VersionedPut put_bytes(std::string_view key, std::optional<std::string_view> value,
                         Timestamp timestamp) {
    const VersionedPut put = rows_.put(key, value, timestamp);
    if (put.stored && log_ != nullptr) log_->append_change(key, value, timestamp);
    return put;
  }
  std::optional<VersionedRecord<V>> record(
      const std::optional<detail::VersionedRows::Version>& version) {
    if (!version) return std::nullopt;
    return VersionedRecord<V>{value_.read(version->value, name()), version->from, version->to};
  }

  const std::string* name_;
  ByteStore* log_;
  detail::VersionedRows rows_;
  detail::TypedBytes<K> key_;
  detail::TypedBytes<V> value_;
};

}  // namespace millstream
