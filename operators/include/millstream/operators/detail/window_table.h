#pragma once

#include <millstream/core/big_endian.h>
#include <millstream/core/record.h>
#include <millstream/core/windowed.h>
#include <millstream/operators/detail/table_spec.h>
#include <millstream/operators/detail/update_cache.h>
#include <millstream/state/timestamped_window_store.h>
#include <millstream/topology/node.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace millstream::detail {

/// The rows of a windowed table as its own operator sees them; see TableStore.
template <class K, class V>
class WindowTableStore {
 public:
  using Outgoing = Record<Windowed<K>, Change<V>>;

  /// **Lifetime**: `outputs` outlives this.
  WindowTableStore(TaskContext& context, const StoredTable<K, V>& table,
                   const Outputs<Windowed<K>, Change<V>>& outputs, bool sends_old_values)
      : rows_(context.store(table.store.name), context.store_spec(table.store.name),
              table.key_serde, table.value_serde),
        cache_(context, table.store.caching),
        key_(table.key_serde),
        outputs_(&outputs),
        sends_old_values_(sends_old_values) {}

  [[nodiscard]] bool sends_old_values() const { return sends_old_values_; }
  /// The row, which is likely to be put next.
  [[nodiscard]] std::optional<ValueAndTimestamp<V>> get(const K& key, Timestamp start) {
    if (!cache_.enabled()) return rows_.fetch(key, start);
    const std::uint32_t place = cache_.prefetch(cache_key(key, start));
    auto row = rows_.fetch(key, start);
    cache_.prefetch_entry(place);
    return row;
  }
  [[nodiscard]] TimestampedWindowStore<K, V>& rows() { return rows_; }

  /// See Node::prefetch; `start` is a window's.
  void prefetch(const ComingRecord& record, Timestamp start) {
    rows_.prefetch(record.key, start, record.step);
    cache_key_.assign(record.key);
    append_big_endian(cache_key_, start.ms());
    cache_.prefetch(cache_key_, record.step);
  }
  /// Put a window's row, or erase it where `new_value` is null.
  void put(const K& key, Timestamp start, const V* new_value, Timestamp timestamp) {
    if (new_value != nullptr) {
      rows_.put(key, *new_value, timestamp, start);
    } else {
      rows_.erase(key, start);
    }
  }
  /// Put as above, and tell the children. `exists`: whether there is a row before.
  void put_and_forward(const Outgoing& record, bool exists) {
    if (!cache_.enabled()) {
      put(record);
      return tell(record);
    }
    const Windowed<K>& key = record.key();
    const std::string_view bytes = cache_key(key.key, key.window.start);
    KnownRow<V> known{exists, std::nullopt};
    const auto place = cache_.place_of(bytes);
    if (sends_old_values_ && !place.taken()) {
      auto row = rows_.fetch(key.key, key.window.start);
      if (row) known.value = std::move(row->value);
    }
    put(record);
    cache_.update(place, bytes, record, std::move(known),
                  [this](const Outgoing& waiting) { tell(waiting); });
  }
  /// Tell the children of the rows that start in [from, to], by start, then key, as new.
  void forward_rows(Timestamp from, Timestamp to, Headers& headers) {
    auto rows = rows_.fetch_by_time(from, to);
    while (const auto row = rows.next()) {
      const Change<V> change{&row->second.value, nullptr, true};
      outputs_->forward({row->first, change, row->second.timestamp, headers});
    }
  }

  /// Tell the children what waits in the cache.
  void flush() {
    cache_.flush([this](const Outgoing& waiting) { tell(waiting); });
  }

 private:
  void put(const Outgoing& record) {
    put(record.key().key, record.key().window.start, record.value().new_value, record.timestamp());
  }
  void tell(const Outgoing& record) const {
    if (sends_old_values_) return outputs_->forward(record);
    const Change<V> new_only{record.value().new_value, nullptr, true};
    outputs_->forward(record.with_value(new_only));
  }
  std::string_view cache_key(const K& key, Timestamp start) {
    cache_key_.clear();
    key_.append(key, cache_key_, rows_.name());
    append_big_endian(cache_key_, start.ms());
    return cache_key_;
  }

  TimestampedWindowStore<K, V> rows_;
  UpdateCache<Windowed<K>, V> cache_;
  TypedBytes<K> key_;
  std::string cache_key_;
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
