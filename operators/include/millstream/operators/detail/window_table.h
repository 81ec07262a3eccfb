#pragma once

#include <millstream/core/record.h>
#include <millstream/core/windowed.h>
#include <millstream/operators/detail/table_spec.h>
#include <millstream/state/timestamped_window_store.h>
#include <millstream/topology/node.h>

#include <optional>
#include <utility>

namespace millstream::detail {

/// The rows of a windowed table as its own operator sees them; see TableStore.
template <class K, class V>
class WindowTableStore {
 public:
  /// **Lifetime**: `outputs` outlives this.
  WindowTableStore(TaskContext& context, const StoredTable<K, V>& table,
                   const Outputs<Windowed<K>, Change<V>>& outputs, bool sends_old_values)
      : rows_(context.store(table.store.name), context.store_spec(table.store.name),
              table.key_serde, table.value_serde),
        outputs_(&outputs),
        sends_old_values_(sends_old_values) {}

  [[nodiscard]] bool sends_old_values() const { return sends_old_values_; }
  [[nodiscard]] std::optional<ValueAndTimestamp<V>> get(const K& key, Timestamp start) {
    return rows_.fetch(key, start);
  }
  [[nodiscard]] TimestampedWindowStore<K, V>& rows() { return rows_; }

  /// Put a window's row, or erase it where `new_value` is null.
  void put(const K& key, Timestamp start, const V* new_value, Timestamp timestamp) {
    if (new_value != nullptr) {
      rows_.put(key, *new_value, timestamp, start);
    } else {
      rows_.erase(key, start);
    }
  }
  /// Put as above, and tell the children.
  void put_and_forward(const Record<Windowed<K>, Change<V>>& record) {
    const Change<V>& change = record.value();
    put(record.key().key, record.key().window.start, change.new_value, record.timestamp());
    if (sends_old_values_) return outputs_->forward(record);
    const Change<V> new_only{change.new_value, nullptr, true};
    outputs_->forward(record.with_value(new_only));
  }
  /// Tell the children what waits in the cache.
  void flush() {}

 private:
  TimestampedWindowStore<K, V> rows_;
  const Outputs<Windowed<K>, Change<V>>* outputs_;
  bool sends_old_values_;
};

/// Reads the rows of a windowed table.
template <class K, class V>
class WindowTableGetter final : public TableGetter<Windowed<K>, V> {
 public:
  explicit WindowTableGetter(const StoredTable<K, V>& table) : table_(&table) {}

  void init(TaskContext& context) override {
    rows_.emplace(context.store(table_->store.name), context.store_spec(table_->store.name),
                  table_->key_serde, table_->value_serde);
  }
  [[nodiscard]] std::optional<ValueAndTimestamp<V>> get(const Windowed<K>& key) override {
    return rows_->fetch(key.key, key.window.start);
  }

 private:
  const StoredTable<K, V>* table_;
  std::optional<TimestampedWindowStore<K, V>> rows_;
};

}  // namespace millstream::detail
