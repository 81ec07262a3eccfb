#include "merged_records.h"

#include <algorithm>
#include <limits>

namespace anomaly {

namespace {

constexpr std::int64_t kFiveMinutes = 300'000;

/// From the first record to a usual step beyond the last one.
std::int64_t length_of(const DataSet& data) {
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  for (const DataSeries& series : data.series) {
    for (const auto& point : series.points) {
      first = std::min(first, point.timestamp_ms);
      last = std::max(last, point.timestamp_ms);
    }
  }
  return last < first ? 0 : last - first + kFiveMinutes;
}

}  // namespace

MergedRecords::MergedRecords(const DataSet& data, const Options& options)
    : data_(&data), options_(options), round_length_(length_of(data)) {
  begin_round();
}

void MergedRecords::begin_round() {
  for (const DataSeries& series : data_->series) push({.series = &series});
}

bool MergedRecords::at_bad_line(const Cursor& cursor) {
  const auto& lines = cursor.series->bad_lines;
  return cursor.bad_line < lines.size() && lines[cursor.bad_line].before_point <= cursor.point;
}

bool MergedRecords::comes_later(const Cursor& a, const Cursor& b) {
  if (a.time != b.time) return a.time > b.time;
  return a.series > b.series;  // one array, ordered by name
}

void MergedRecords::push(Cursor cursor) {
  if (!at_bad_line(cursor)) {
    if (cursor.point >= cursor.series->points.size()) return;
    cursor.time = std::max(cursor.time, cursor.series->points[cursor.point].timestamp_ms);
  }
  heap_.push_back(cursor);
  std::push_heap(heap_.begin(), heap_.end(), comes_later);
}

MergedRecord MergedRecords::take(Cursor& cursor) const {
  MergedRecord record{.series = cursor.series};
  if (at_bad_line(cursor)) {
    record.bad_line = &cursor.series->bad_lines[cursor.bad_line++];
    record.timestamp_ms = cursor.time + shift_;
  } else {
    record.point = &cursor.series->points[cursor.point++];
    record.timestamp_ms = record.point->timestamp_ms + shift_;
  }
  return record;
}

std::optional<MergedRecord> MergedRecords::next() {
  for (;;) {
    if (heap_.empty()) {
      if (!options_.loop || round_length_ == 0) return std::nullopt;
      shift_ += round_length_;
      begin_round();
    }
    std::pop_heap(heap_.begin(), heap_.end(), comes_later);
    Cursor cursor = heap_.back();
    heap_.pop_back();
    const MergedRecord record = take(cursor);
    push(cursor);
    const bool skipped = options_.start && record.timestamp_ms < options_.start->ms();
    if (!skipped) return record;
  }
}

}  // namespace anomaly
