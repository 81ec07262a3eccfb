#pragma once

#include <millstream/core/big_endian.h>
#include <millstream/core/record.h>
#include <millstream/core/windowed.h>
#include <millstream/operators/detail/table_spec.h>
#include <millstream/operators/detail/update_cache.h>
#include <millstream/state/session_store.h>
#include <millstream/topology/node.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millstream::detail {

/// The sessions of a table as its own operator sees them; see TableStore. Changes carry the
/// session's end as their timestamp and no headers, those out of the cache the record's headers.
template <class K, class V>
class SessionTableStore {
 public:
  using Outgoing = Record<Windowed<K>, Change<V>>;

  /// `emits_updates` false: children are told nothing but `forward_rows`.
  /// **Lifetime**: `outputs` outlives this.
  SessionTableStore(TaskContext& context, const StoredTable<K, V>& table,
                    const Outputs<Windowed<K>, Change<V>>& outputs, bool sends_old_values,
                    bool emits_updates)
      : rows_(context.store(table.store.name), context.store_spec(table.store.name),
              table.key_serde, table.value_serde),
        cache_(context, table.store.caching && emits_updates),
        key_(table.key_serde),
        outputs_(&outputs),
        persistent_(table.store.persistent),
        sends_old_values_(sends_old_values),
        emits_updates_(emits_updates) {}

  [[nodiscard]] SessionStore<K, V>& rows() { return rows_; }

  /// Remove a session, and tell the children.
  void remove(const Windowed<K>& session, const V& old_value, Headers& headers) {
    const Change<V> change{nullptr, &old_value, true};
    apply({session, change, session.window.end, headers}, true);
  }
  /// Put a session, or remove it where `value` is null, and tell the children. `exists`: whether
  /// there is one of that window.
  void put(const Windowed<K>& session, const V* value, Headers& headers, bool exists) {
    if (value == nullptr) rows_.advance(session.window.end);
    const Change<V> change{value, nullptr, true};
    apply({session, change, session.window.end, headers}, exists);
  }
  /// Tell the children of the sessions that end in [from, to], as new: by end, then start and key
  /// as Kafka Streams' persistent stores have it, or key and start as its in-memory ones.
  void forward_rows(Timestamp from, Timestamp to, Headers& headers) {
    auto rows = rows_.find_by_end(from, to);
    std::vector<Row> same_end;
    for (auto row = rows.next(); row; row = rows.next()) {
      if (!same_end.empty() && same_end.front().first.window.end != row->first.window.end) {
        forward_rows(same_end, headers);
        same_end.clear();
      }
      same_end.push_back(*std::move(row));
    }
    forward_rows(same_end, headers);
  }

  /// Tell the children what waits in the cache.
  void flush() {
    cache_.flush([this](const Outgoing& waiting) { tell(waiting); });
  }

 private:
  using Row = std::pair<Windowed<K>, V>;

  void forward_rows(std::vector<Row>& rows, Headers& headers) const {
    if (persistent_) {
      std::ranges::stable_sort(rows, {}, [](const Row& row) { return row.first.window.start; });
    }
    for (const auto& [session, value] : rows) {
      const Change<V> change{&value, nullptr, true};
      outputs_->forward({session, change, session.window.end, headers});
    }
  }
  void apply(const Outgoing& record, bool exists) {
    if (!cache_.enabled()) {
      store(record);
      if (!emits_updates_) return;
      no_headers_.clear();
      return tell(record.with_headers(no_headers_));
    }
    const std::string_view bytes = cache_key(record.key());
    KnownRow<V> known{exists, std::nullopt};
    const auto place = cache_.place_of(bytes);
    if (sends_old_values_ && !place.taken()) {
      const Window& window = record.key().window;
      known.value = rows_.fetch_session(record.key().key, window.start, window.end);
    }
    store(record);
    cache_.update(place, bytes, record, std::move(known),
                  [this](const Outgoing& waiting) { tell(waiting); });
  }
  void store(const Outgoing& record) {
    if (record.value().new_value != nullptr) {
      rows_.put(record.key(), *record.value().new_value);
    } else {
      rows_.remove(record.key());
    }
  }
  void tell(const Outgoing& record) const {
    if (sends_old_values_) return outputs_->forward(record);
    const Change<V> new_only{record.value().new_value, nullptr, true};
    outputs_->forward(record.with_value(new_only));
  }
  std::string_view cache_key(const Windowed<K>& session) {
    cache_key_.clear();
    key_.append(session.key, cache_key_, rows_.name());
    append_big_endian(cache_key_, session.window.end.ms());
    append_big_endian(cache_key_, session.window.start.ms());
    return cache_key_;
  }

  SessionStore<K, V> rows_;
  UpdateCache<Windowed<K>, V> cache_;
  TypedBytes<K> key_;
  std::string cache_key_;
  const Outputs<Windowed<K>, Change<V>>* outputs_;
  bool persistent_;
  bool sends_old_values_;
  bool emits_updates_;
  Headers no_headers_;
};

/// Reads the sessions of a table.
template <class K, class V>
class SessionTableGetter final : public TableGetter<Windowed<K>, V> {
 public:
  explicit SessionTableGetter(const StoredTable<K, V>& table) : table_(&table) {}

  void init(TaskContext& context) override {
    rows_.emplace(context.store(table_->store.name), context.store_spec(table_->store.name),
                  table_->key_serde, table_->value_serde);
  }
  [[nodiscard]] std::optional<ValueAndTimestamp<V>> get(const Windowed<K>& key) override {
    auto value = rows_->fetch_session(key.key, key.window.start, key.window.end);
    if (!value) return std::nullopt;
    return ValueAndTimestamp<V>{*std::move(value), key.window.end};
  }

 private:
  const StoredTable<K, V>* table_;
  std::optional<SessionStore<K, V>> rows_;
};

}  // namespace millstream::detail
