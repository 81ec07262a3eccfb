#pragma once

#include <millstream/core/record.h>
#include <millstream/operators/detail/table_spec.h>
#include <millstream/state/timestamped_key_value_store.h>
#include <millstream/state/versioned_key_value_store.h>
#include <millstream/topology/task_context.h>

#include <optional>
#include <utility>

namespace millstream::detail {

/// What became of a row that was put.
enum class RowPut {
  kLatest,      ///< It's the key's row now.
  kOutOfOrder,  ///< Kept among the versions; a later one is the key's row.
  kTooOld,      ///< Not kept: older than the history.
};

/// The rows of a table: one a key, or all versions. **Source**: KeyValueStoreWrapper.
template <class K, class V>
class TableRows {
 public:
  using Row = std::optional<ValueAndTimestamp<V>>;

  TableRows(TaskContext& context, const StoredTable<K, V>& table) {
    ByteStore& bytes = context.store(table.store.name);
    const StoreSpec& spec = context.store_spec(table.store.name);
    if (spec.kind == StoreKind::kVersioned) {
      versions_.emplace(bytes, spec, table.key_serde, table.value_serde);
    } else {
      rows_.emplace(bytes, spec, table.key_serde, table.value_serde);
    }
  }

  [[nodiscard]] bool is_versioned() const { return versions_.has_value(); }
  [[nodiscard]] Row get(const K& key) {
    return versions_ ? row_of(versions_->get(key)) : rows_->get(key);
  }
  /// See Node::prefetch.
  void prefetch(const ComingRecord& record) const {
    if (rows_) rows_->prefetch(record.key, record.step);
  }
  /// The row of a time; of a table that keeps one row a key: that one.
  [[nodiscard]] Row get_as_of(const K& key, Timestamp time) {
    return versions_ ? row_of(versions_->get(key, time)) : rows_->get(key);
  }
  /// Put a row, or a tombstone where `value` is null.
  RowPut put(const K& key, const V* value, Timestamp time) {
    if (versions_) return put_version(key, value, time);
    if (value != nullptr) {
      rows_->put(key, *value, time);
    } else {
      rows_->erase(key);
    }
    return RowPut::kLatest;
  }
  /// The store of a table that keeps one row a key.
  [[nodiscard]] TimestampedKeyValueStore<K, V>& plain() { return *rows_; }

 private:
  static Row row_of(std::optional<VersionedRecord<V>> version) {
    if (!version) return std::nullopt;
    return ValueAndTimestamp<V>{std::move(version->value), version->timestamp};
  }
  RowPut put_version(const K& key, const V* value, Timestamp time) {
    const VersionedPut put =
        value != nullptr ? versions_->put(key, *value, time) : versions_->put_tombstone(key, time);
    if (!put.stored) return RowPut::kTooOld;
    return put.valid_to ? RowPut::kOutOfOrder : RowPut::kLatest;
  }

  std::optional<TimestampedKeyValueStore<K, V>> rows_;
  std::optional<VersionedKeyValueStore<K, V>> versions_;
};

}  // namespace millstream::detail
