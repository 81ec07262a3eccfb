#pragma once

#include <millstream/core/time.h>
#include <millstream/state/byte_store.h>
#include <millstream/state/store_spec.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::detail {

/// Where rows of a time lie: `max(retention / 2, 60 s)` of time are a segment, as in Kafka Streams.
class Segments {
 public:
  explicit Segments(Duration retention);
  /// Append the 6 bytes before all keys of the segment of `time`. The first byte is never 0.
  void append_prefix(std::string& out, Timestamp time) const;
  [[nodiscard]] std::int64_t of(Timestamp time) const { return time.ms() / interval_; }
  [[nodiscard]] Timestamp start_of(std::int64_t segment) const {
    return Timestamp(segment * interval_);
  }
  /// Whether `time` lies in the segment that begins at `start`; not for times before 0.
  [[nodiscard]] bool in_segment_of(Timestamp start, Timestamp time) const {
    return start >= Timestamp(0) && time >= start && time.ms() - start.ms() < interval_;
  }
  /// The last time of a segment.
  [[nodiscard]] Timestamp end_of(std::int64_t segment) const {
    return start_of(segment) + Duration(interval_ - 1);
  }

 private:
  std::int64_t interval_;
};

inline constexpr std::size_t kSegmentPrefixSize = 6;
/// A session's end and start.
inline constexpr std::size_t kSessionSuffixSize = 16;

/// Which rows: keys in [key_from, key_to] (no value: no bound), times in [from, to].
struct RowQuery {
  std::optional<std::string_view> key_from;
  std::optional<std::string_view> key_to;
  bool single_key = false;
  Timestamp from = Timestamp(0);
  Timestamp to = Timestamp::max();
  Direction direction = Direction::kForward;
};

/// A row: its key, its suffix (time, and what tells rows of one key and time apart), its value.
struct RowView {
  [[nodiscard]] Timestamp time() const;
  /// The 8 bytes after the time: the start of a session.
  [[nodiscard]] Timestamp second_time() const;

  std::string_view key;
  std::string_view suffix;
  std::string_view value;
};

/// A walk over rows. **Lifetime**: a view until the next `next()`.
class RowWalk {
 public:
  virtual ~RowWalk() = default;
  virtual std::optional<RowView> next() = 0;
};

/// The rows of window and session stores, as bytes.
///
/// A row's key is: segment (6 bytes), key, suffix. The suffix begins with the time that decides on
/// the segment (8 bytes): a window's start, or a session's end. Keys aren't escaped: a row belongs
/// to a key if its length fits, as in Kafka Streams, so rows of `ab` may lie between rows of `a`,
/// and within a segment rows are ordered by key and suffix together.
///
/// With `StoreSpec::time_index` there is a second row for each: a 0 byte, time, key, rest of the
/// suffix, without a value.
class SegmentedRows {
 public:
  SegmentedRows(ByteStore& bytes, const StoreSpec& spec, std::size_t suffix_size);

  /// Move the store's time on; whole segments behind the retention are dropped.
  void observe(Timestamp time);
  [[nodiscard]] Timestamp observed() const { return bytes_->numbers().observed; }
  /// The first time that is still shown: observed - retention + 1, at least 0.
  [[nodiscard]] Timestamp first_visible() const;
  /// The first time that may still be put: with a time index one before the first shown, since
  /// emission on close may yet need a session that ends there.
  [[nodiscard]] Timestamp first_kept() const;
  /// The first time that Kafka Streams' stores still hold: that of the oldest live segment, for
  /// in-memory stores the first shown.
  [[nodiscard]] Timestamp first_live() const;

  [[nodiscard]] std::optional<std::string_view> get(std::string_view key, std::string_view suffix);
  /// See ByteStore::prefetch.
  void prefetch(std::string_view key, std::string_view suffix, PrefetchStep step) {
    bytes_->prefetch(row_key(key, suffix), step);
  }
  void put(std::string_view key, std::string_view suffix, std::string_view value);
  void erase(std::string_view key, std::string_view suffix);

  /// Rows that are still shown. **Order**: by time and suffix for a single key; over several keys
  /// by segment, then key and suffix together, for persistent stores; by time, then key and the
  /// rest of the suffix, for in-memory ones.
  [[nodiscard]] std::unique_ptr<RowWalk> walk(const RowQuery& query);
  /// Rows of all keys by time, then key; also those not shown any more but not gone yet.
  [[nodiscard]] std::unique_ptr<RowWalk> walk_by_time(Timestamp from, Timestamp to,
                                                      Direction direction);

  [[nodiscard]] ByteStore& bytes() const { return *bytes_; }

 private:
  [[nodiscard]] bool sessions() const { return suffix_size_ == kSessionSuffixSize; }
  std::string_view row_key(std::string_view key, std::string_view suffix);
  std::string_view index_key(std::string_view key, std::string_view suffix);

  ByteStore* bytes_;
  Segments segments_;
  Duration retention_;
  std::size_t suffix_size_;
  bool time_index_;
  bool by_time_;
  std::string row_buffer_;
  std::string index_buffer_;
  // Of the last row's key, and mostly of the next one's too.
  Timestamp segment_start_;
  std::string segment_prefix_;
};

}  // namespace millstream::detail
