#pragma once

#include <millstream/core/record.h>
#include <millstream/operators/detail/table_rows.h>
#include <millstream/operators/detail/table_spec.h>
#include <millstream/operators/detail/update_cache.h>
#include <millstream/state/detail/typed_bytes.h>
#include <millstream/topology/node.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace millstream::detail {

/// The rows of a table as its own operator sees them: read, write, and tell the children. Where
/// updates are cached, the children are told at the commit; where rows are versions, late ones are
/// refused.
/// **Thread**: the task's. **Source**: KeyValueStoreWrapper and TimestampedTupleForwarder.
template <class K, class V>
class TableStore {
 public:
  /// **Lifetime**: `outputs` outlives this.
  TableStore(TaskContext& context, const StoredTable<K, V>& table,
             const Outputs<K, Change<V>>& outputs, bool sends_old_values)
      : rows_(context, table),
        cache_(context, table.store.caching && table.store.kind != StoreKind::kVersioned),
        key_(table.key_serde),
        outputs_(&outputs),
        sends_old_values_(sends_old_values) {}

  [[nodiscard]] bool sends_old_values() const { return sends_old_values_; }
  /// The row, which is likely to be put next.
  [[nodiscard]] std::optional<ValueAndTimestamp<V>> get(const K& key) {
    if (!cache_.enabled()) return rows_.get(key);
    const std::uint32_t place = cache_.prefetch(key_.write(key, rows_.plain().name()));
    auto row = rows_.get(key);
    cache_.prefetch_entry(place);
    return row;
  }

  /// See Node::prefetch.
  void prefetch(const ComingRecord& record) const {
    rows_.prefetch(record);
    cache_.prefetch(record.key, record.step);
  }

  /// Put a row, or erase it where `change.new_value` is null, and tell the children. `exists`:
  /// whether there is a row before, if that is known. False: the row is older than the versions
  /// that are kept; nobody was told.
  bool put_and_forward(const Record<K, Change<V>>& record,
                       std::optional<bool> exists = std::nullopt) {
    if (cache_.enabled()) return put_and_cache(record, exists);
    const Change<V>& change = record.value();
    const RowPut put = rows_.put(record.key(), change.new_value, record.timestamp());
    if (put == RowPut::kTooOld) return false;
    const Change<V> told{change.new_value, sends_old_values_ ? change.old_value : nullptr,
                         put == RowPut::kLatest};
    outputs_->forward(record.with_value(told));
    return true;
  }

  /// Tell the children what waits in the cache.
  void flush() {
    cache_.flush([this](const Outgoing& waiting) { tell(waiting); });
  }

 private:
  using Outgoing = Record<K, Change<V>>;

  bool put_and_cache(const Outgoing& record, std::optional<bool> exists) {
    const std::string_view bytes = key_.write(record.key(), rows_.plain().name());
    KnownRow<V> known{exists.value_or(false), std::nullopt};
    const auto place = cache_.place_of(bytes);
    if (!place.taken() && (sends_old_values_ || !exists)) {
      auto row = rows_.get(record.key());
      known.exists = row.has_value();
      if (row && sends_old_values_) known.value = std::move(row->value);
    }
    rows_.put(record.key(), record.value().new_value, record.timestamp());
    cache_.update(place, bytes, record, std::move(known),
                  [this](const Outgoing& waiting) { tell(waiting); });
    return true;
  }
  void tell(const Outgoing& record) const {
    const Change<V> told{record.value().new_value,
                         sends_old_values_ ? record.value().old_value : nullptr, true};
    outputs_->forward(record.with_value(told));
  }

  TableRows<K, V> rows_;
  UpdateCache<K, V> cache_;
  TypedBytes<K> key_;
  const Outputs<K, Change<V>>* outputs_;
  bool sends_old_values_;
};

/// Reads the rows of a table that is kept.
template <class K, class V>
class StoreGetter final : public TableGetter<K, V> {
 public:
  explicit StoreGetter(const StoredTable<K, V>& table) : table_(&table) {}

  void init(TaskContext& context) override { rows_.emplace(context, *table_); }
  [[nodiscard]] std::optional<ValueAndTimestamp<V>> get(const K& key) override {
    return rows_->get(key);
  }
  void prefetch(const ComingRecord& record) const override { rows_->prefetch(record); }
  [[nodiscard]] std::optional<ValueAndTimestamp<V>> get_as_of(const K& key,
                                                              Timestamp time) override {
    return rows_->get_as_of(key, time);
  }

 private:
  const StoredTable<K, V>* table_;
  std::optional<TableRows<K, V>> rows_;
};

/// The value of a row that may be missing.
template <class V>
const V* value_of(const std::optional<ValueAndTimestamp<V>>& row) {
  return row ? &row->value : nullptr;
}
template <class V>
const V* value_of(const std::optional<V>& value) {
  return value ? &*value : nullptr;
}

}  // namespace millstream::detail
