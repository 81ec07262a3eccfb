#pragma once

#include <millstream/core/serde.h>
#include <millstream/core/time.h>
#include <millstream/core/windowed.h>
#include <millstream/state/byte_store.h>
#include <millstream/state/detail/typed_bytes.h>
#include <millstream/state/detail/window_rows.h>
#include <millstream/state/store_iterator.h>
#include <millstream/state/store_spec.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace millstream::detail {

/// What WindowStore and TimestampedWindowStore have in common: all but `put`.
///
/// A row is shown while its start is greater than the greatest start ever put minus the retention.
/// Times are inclusive at both ends; null keys are no bound. Sizes of windows come from the
/// specification. **Order**: a single key by start (and arrival, where duplicates are retained);
/// several keys in persistent stores by segment (`max(retention / 2, 60 s)` of starts), then key
/// and start; in in-memory stores by start, then key.
template <class K, class Values>
class BasicWindowStore {
 public:
  using Stored = typename Values::Stored;
  using TimedRow = std::pair<Timestamp, Stored>;
  using Row = std::pair<Windowed<K>, Stored>;

  [[nodiscard]] const std::string& name() const { return rows_.rows().bytes().name(); }

  /// Delete a row. Nothing happens in a store that retains duplicates. False: too old to be there.
  bool erase(const K& key, Timestamp start) { return rows_.erase(key_.write(key, name()), start); }

  /// The value of one window. In a store that retains duplicates: only that of the very last put of
  /// a persistent store, as in Kafka Streams; use a range there.
  [[nodiscard]] std::optional<Stored> fetch(const K& key, Timestamp start) {
    const auto bytes = rows_.get(key_.write(key, name()), start);
    if (!bytes) return std::nullopt;
    return values_.read(*bytes, name());
  }
  /// A hint that rows of this serialised key and time will be wanted soon; see ByteStore::prefetch.
  void prefetch(std::string_view key, Timestamp start, PrefetchStep step) {
    rows_.prefetch(key, start, step);
  }
  [[nodiscard]] StoreIterator<TimedRow> fetch(const K& key, Timestamp from, Timestamp to,
                                              Direction direction = Direction::kForward) {
    return make_store_iterator<TimedRow>(
        [rows = rows_.fetch(key_.write(key, name()), from, to, direction),
         this]() -> std::optional<TimedRow> {
          const auto row = rows->next();
          if (!row) return std::nullopt;
          return TimedRow{row->time(), values_.read(row->value, name())};
        });
  }
  [[nodiscard]] StoreIterator<Row> fetch(const K* key_from, const K* key_to, Timestamp from,
                                         Timestamp to, Direction direction = Direction::kForward) {
    std::string low;
    std::string high;
    RowQuery query{.from = from, .to = to, .direction = direction};
    if (key_from != nullptr) {
      key_.append(*key_from, low, name());
      query.key_from = low;
    }
    if (key_to != nullptr) {
      key_.append(*key_to, high, name());
      query.key_to = high;
    }
    return walk(rows_.rows().walk(query));
  }
  [[nodiscard]] StoreIterator<Row> fetch_all(Timestamp from, Timestamp to,
                                             Direction direction = Direction::kForward) {
    return walk(rows_.rows().walk({.from = from, .to = to, .direction = direction}));
  }
  [[nodiscard]] StoreIterator<Row> all(Direction direction = Direction::kForward) {
    return fetch_all(Timestamp(0), Timestamp::max(), direction);
  }
  /// Rows of all keys by start, then key; also those past the retention that are still there: the
  /// rows of a segment go at the commit after it left the retention. What emission on window close
  /// reads. **Cost**: the rows it gives with StoreSpec::time_index, else all rows of the segments.
  [[nodiscard]] StoreIterator<Row> fetch_by_time(Timestamp from, Timestamp to,
                                                 Direction direction = Direction::kForward) {
    return walk(rows_.rows().walk_by_time(from, to, direction));
  }
  /// The greatest start put so far; none: -1.
  [[nodiscard]] Timestamp observed_time() const { return rows_.rows().observed(); }
  /// The first start that is still shown.
  [[nodiscard]] Timestamp first_visible() const { return rows_.rows().first_visible(); }

 protected:
  BasicWindowStore(ByteStore& bytes, const StoreSpec& spec, Serde<K> key,
                   Serde<typename Values::Value> value)
      : rows_(bytes, spec),
        window_size_(spec.window_size),
        key_(std::move(key)),
        values_(std::move(value)) {}

  bool put_bytes(const K& key, std::string_view value, Timestamp start) {
    return rows_.put(key_.write(key, name()), value, start);
  }
  Values& values() { return values_; }

 private:
  StoreIterator<Row> walk(std::unique_ptr<RowWalk> rows) {
    return make_store_iterator<Row>([rows = std::move(rows), this]() -> std::optional<Row> {
      const auto row = rows->next();
      if (!row) return std::nullopt;
      const Window window{row->time(), row->time() + window_size_};
      return Row{Windowed<K>{key_.read(row->key, name()), window},
                 values_.read(row->value, name())};
    });
  }

  WindowRows rows_;
  Duration window_size_;
  TypedBytes<K> key_;
  Values values_;
};

}  // namespace millstream::detail
