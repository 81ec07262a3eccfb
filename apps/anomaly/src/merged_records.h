#pragma once

#include <millstream/core/time.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "data_set.h"

namespace anomaly {

/// A record of a data set in its place among all: exactly one of `point` and `bad_line` is set.
struct MergedRecord {
  const DataSeries* series = nullptr;
  const millstream::forest::Point* point = nullptr;
  const BadLine* bad_line = nullptr;
  /// The event time, shifted in later rounds. Of a bad line: that of the record before it.
  std::int64_t timestamp_ms = 0;
};

/// Merge the series of a data set by event time, so that stream time moves as it did when the data
/// was made.
/// **Order**: by time, then by series name; a series keeps the order of its file, and a record that
/// goes back in time comes right behind the one before it. The order follows from the data alone.
/// **Lifetime**: as the data set. **Cost**: O(log series) a record.
class MergedRecords {
 public:
  struct Options {
    /// Leave out what lies before this time (of the first round).
    std::optional<millstream::Timestamp> start;
    /// After the last record begin again, later by the time that the data spans.
    bool loop = false;
  };
  explicit MergedRecords(const DataSet& data) : MergedRecords(data, Options()) {}
  MergedRecords(const DataSet& data, const Options& options);

  /// The next record, or nothing at the end.
  std::optional<MergedRecord> next();

 private:
  struct Cursor {
    const DataSeries* series = nullptr;
    std::size_t point = 0;
    std::size_t bad_line = 0;
    std::int64_t time = 0;  // the latest of the series so far
  };
  void begin_round();
  void push(Cursor cursor);
  MergedRecord take(Cursor& cursor) const;
  static bool at_bad_line(const Cursor& cursor);
  static bool comes_later(const Cursor& a, const Cursor& b);

  const DataSet* data_;
  Options options_;
  std::vector<Cursor> heap_;
  std::int64_t shift_ = 0;
  std::int64_t round_length_ = 0;
};

}  // namespace anomaly
