#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "redis_sink.h"

namespace anomaly {

/// The tests' records: "series timestamp value", scored by their value; "skip" is for nobody.
inline millstream::Result<std::optional<SinkRow>> decode_row(
    const millstream::FetchedRecord& record) {
  const std::string_view text = record.value.value_or("");
  if (text == "skip") return std::optional<SinkRow>();
  const std::size_t first = text.find(' ');
  const std::size_t second = text.find(' ', first + 1);
  if (second == std::string_view::npos) return millstream::Error::data("it is no row");
  std::int64_t timestamp = 0;
  double value = 0;
  std::from_chars(text.data() + first + 1, text.data() + second, timestamp);
  std::from_chars(text.data() + second + 1, text.data() + text.size(), value);
  return std::optional(SinkRow{.series = std::string(text.substr(0, first)),
                               .timestamp = millstream::Timestamp(timestamp),
                               .value = value,
                               .score = value / 100,
                               .anomaly = value > 60,
                               .json = "{\"row\":\"" + std::string(text) + "\"}"});
}

inline std::string row(const std::string& series, std::int64_t timestamp, int value) {
  return series + " " + std::to_string(timestamp) + " " + std::to_string(value);
}

}  // namespace anomaly
