#pragma once

#include <millstream/core/serde.h>
#include <millstream/core/time.h>
#include <millstream/core/windowed.h>
#include <millstream/state/byte_store.h>
#include <millstream/state/detail/session_rows.h>
#include <millstream/state/detail/typed_bytes.h>
#include <millstream/state/store_iterator.h>
#include <millstream/state/store_spec.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace millstream {

/// Plain values by key and session, in segments of time that expire as a whole.
///
/// A session is shown while its end is greater than the greatest end ever put minus the retention.
/// **Order**: a single key by end, then start; several keys in persistent stores by segment
/// (`max(retention / 2, 60 s)` of ends), then key, end, start; in in-memory ones by end, key,
/// start, of which the later comes first (for a single key too).
/// **Thread**: the task's. **Errors**: StoreError.
/// **Lifetime**: ends before its ByteStore does; doesn't move while a walk over it lives.
/// **Source**: SessionStore of Kafka Streams. Deliberate difference: a put that would not be shown
/// any more isn't stored.
template <class K, class V>
class SessionStore {
 public:
  using Row = std::pair<Windowed<K>, V>;
  SessionStore(ByteStore& bytes, const StoreSpec& spec, Serde<K> key, Serde<V> value)
      : rows_(bytes, spec), key_(std::move(key)), value_(std::move(value)) {}

  [[nodiscard]] const std::string& name() const { return rows_.rows().bytes().name(); }

  /// Store a session's value. Moves the store's time on. False: the session is past the retention,
  /// and was dropped.
  bool put(const Windowed<K>& session, const V& value) {
    return rows_.put(key_.write(session.key, name()), session.window, value_.write(value, name()));
  }
  /// Move the store's time on, as a put of a session that ends then does.
  void advance(Timestamp end) { rows_.rows().observe(end); }
  void remove(const Windowed<K>& session) {
    rows_.erase(key_.write(session.key, name()), session.window);
  }
  [[nodiscard]] std::optional<V> fetch_session(const K& key, Timestamp start, Timestamp end) {
    const auto bytes = rows_.get(key_.write(key, name()), {start, end});
    if (!bytes) return std::nullopt;
    return value_.read(*bytes, name());
  }

  /// Sessions of a key that end at `earliest_end` or later and start at `latest_start` or earlier.
  [[nodiscard]] StoreIterator<Row> find_sessions(const K& key, Timestamp earliest_end,
                                                 Timestamp latest_start,
                                                 Direction direction = Direction::kForward) {
    const std::string_view bytes = key_.write(key, name());
    return walk(rows_.find({.key_from = bytes,
                            .key_to = bytes,
                            .single_key = true,
                            .earliest_end = earliest_end,
                            .latest_start = latest_start,
                            .direction = direction}));
  }
  /// The same for keys in [key_from, key_to], null being no bound.
  [[nodiscard]] StoreIterator<Row> find_sessions(const K* key_from, const K* key_to,
                                                 Timestamp earliest_end, Timestamp latest_start,
                                                 Direction direction = Direction::kForward) {
    std::string low;
    std::string high;
    detail::SessionQuery query{
        .earliest_end = earliest_end, .latest_start = latest_start, .direction = direction};
    if (key_from != nullptr) {
      key_.append(*key_from, low, name());
      query.key_from = low;
    }
    if (key_to != nullptr) {
      key_.append(*key_to, high, name());
      query.key_to = high;
    }
    return walk(rows_.find(query));
  }
  /// All sessions of a key.
  [[nodiscard]] StoreIterator<Row> fetch(const K& key, Direction direction = Direction::kForward) {
    return find_sessions(key, Timestamp(0), Timestamp::max(), direction);
  }
  /// All sessions of keys in [key_from, key_to], null being no bound.
  [[nodiscard]] StoreIterator<Row> fetch(const K* key_from, const K* key_to,
                                         Direction direction = Direction::kForward) {
    return find_sessions(key_from, key_to, Timestamp(0), Timestamp::max(), direction);
  }
  [[nodiscard]] StoreIterator<Row> all(Direction direction = Direction::kForward) {
    return fetch(nullptr, nullptr, direction);
  }
  /// Sessions of all keys with ends in [earliest_end, latest_end], by end, then key and start; also
  /// those past the retention that are still there: they go at the commit after their segment left
  /// it. What emission on window close reads. **Cost**: the rows it gives with
  /// StoreSpec::time_index, else all rows of the segments.
  [[nodiscard]] StoreIterator<Row> find_by_end(Timestamp earliest_end, Timestamp latest_end,
                                               Direction direction = Direction::kForward) {
    return walk(rows_.rows().walk_by_time(earliest_end, latest_end, direction));
  }
  /// The greatest end put so far; none: -1.
  [[nodiscard]] Timestamp observed_time() const { return rows_.rows().observed(); }
  /// The first end that is still shown.
  [[nodiscard]] Timestamp first_visible() const { return rows_.rows().first_visible(); }
  /// The first end that `find_by_end` of Kafka Streams' store gives: whole segments expire.
  [[nodiscard]] Timestamp first_live() const { return rows_.rows().first_live(); }

 private:
  StoreIterator<Row> walk(std::unique_ptr<detail::RowWalk> rows) {
    return make_store_iterator<Row>([rows = std::move(rows), this]() -> std::optional<Row> {
      const auto row = rows->next();
      if (!row) return std::nullopt;
      const Window session{row->second_time(), row->time()};
      return Row{Windowed<K>{key_.read(row->key, name()), session},
                 value_.read(row->value, name())};
    });
  }

  detail::SessionRows rows_;
  detail::TypedBytes<K> key_;
  detail::TypedBytes<V> value_;
};

}  // namespace millstream
