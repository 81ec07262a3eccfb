#include "data_set.h"

#include <millstream/forest/nab_corpus.h>

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data_files.h"
#include "data_labels.h"
#include "sha256.h"

namespace anomaly {

namespace fs = std::filesystem;
using millstream::Error;
using millstream::Result;
using millstream::Status;
using millstream::forest::Point;
using millstream::forest::RowWindow;
using nlohmann::json;

namespace {

/// A time of the labels: a text such as "2014-04-10 07:15:00.000000".
Result<std::int64_t> label_time(const json& value) {
  if (!value.is_string()) return Error::data("a window's time is no text");
  return millstream::forest::parse_timestamp(value.get_ref<const std::string&>());
}

/// The rows from the first one at or after `start` to the last one at or before `end`. Rows that
/// lost neighbours to bad lines still find theirs.
void add_window(std::int64_t start, std::int64_t end, DataSeries& series) {
  const auto first = std::find_if(series.points.begin(), series.points.end(),
                                  [&](const Point& p) { return p.timestamp_ms >= start; });
  const auto last = std::find_if(series.points.rbegin(), series.points.rend(),
                                 [&](const Point& p) { return p.timestamp_ms <= end; });
  if (first == series.points.end() || last == series.points.rend()) return;
  const auto first_row = static_cast<std::size_t>(first - series.points.begin());
  const auto last_row = static_cast<std::size_t>(series.points.rend() - last) - 1;
  if (first_row <= last_row) series.windows.push_back({first_row, last_row});
}

Status read_windows(const json& windows, DataSeries& series) {
  for (const json& window : windows) {
    if (!window.is_array() || window.size() != 2) {
      return Error::data("a window is no pair of times");
    }
    const auto start = label_time(window[0]);
    if (!start) return start.error();
    const auto end = label_time(window[1]);
    if (!end) return end.error();
    add_window(*start, *end, series);
  }
  std::sort(series.windows.begin(), series.windows.end(),
            [](const RowWindow& a, const RowWindow& b) { return a.first < b.first; });
  return {};
}

}  // namespace

Status read_labels(const fs::path& file, DataSet& data) {
  const auto text = read_text_file(file);
  if (!text) return text.error();
  const json labels = json::parse(*text, nullptr, false);
  if (!labels.is_object()) {
    return Error::data(file.string() + " is no JSON object of windows by file, as NAB has it");
  }
  for (DataSeries& series : data.series) {
    const auto it = labels.find(series.name + ".csv");
    if (it == labels.end() || !it->is_array()) continue;
    if (const auto status = read_windows(*it, series); !status) {
      return status.error().within(fmt::format("{}: {}", file.string(), series.name));
    }
  }
  return {};
}

bool DataSeries::is_labelled(std::int64_t timestamp_ms) const {
  return std::any_of(windows.begin(), windows.end(), [&](const RowWindow& window) {
    return points[window.first].timestamp_ms <= timestamp_ms &&
           timestamp_ms <= points[window.last].timestamp_ms;
  });
}

std::size_t DataSet::points() const {
  std::size_t sum = 0;
  for (const DataSeries& one : series) sum += one.points.size();
  return sum;
}

std::size_t DataSet::bad_lines() const {
  std::size_t sum = 0;
  for (const DataSeries& one : series) sum += one.bad_lines.size();
  return sum;
}

std::size_t DataSet::windows() const {
  std::size_t sum = 0;
  for (const DataSeries& one : series) sum += one.windows.size();
  return sum;
}

const DataSeries* DataSet::find(std::string_view name) const {
  const auto it = std::lower_bound(
      series.begin(), series.end(), name,
      [](const DataSeries& one, std::string_view wanted) { return one.name < wanted; });
  return it != series.end() && it->name == name ? &*it : nullptr;
}

std::string DataSet::fingerprint() const {
  Sha256 digest;
  for (const DataSeries& one : series) {
    digest.add_text(one.name);
    digest.add_number(one.points.size());
    for (const Point& point : one.points) {
      digest.add_number(point.timestamp_ms);
      digest.add_number(point.value);
    }
    digest.add_number(one.bad_lines.size());
    for (const BadLine& bad : one.bad_lines) {
      digest.add_number(bad.before_point);
      digest.add_text(bad.text);
    }
    for (const RowWindow& window : one.windows) {
      digest.add_number(window.first);
      digest.add_number(window.last);
    }
  }
  return digest.hex();
}

Result<DataSet> load_data_set(const fs::path& path) {
  const auto files = find_data_files(path);
  if (!files) return files.error();
  DataSet data{.path = path, .series = {}, .warnings = {}};
  for (const DataFile& file : files->files) {
    auto csv = read_csv(file.file);
    if (!csv) {
      data.warnings.push_back(std::string(csv.error().message()) + "; the file is left out");
      continue;
    }
    data.series.push_back({.name = file.series,
                           .file = file.file,
                           .points = std::move(csv->points),
                           .bad_lines = std::move(csv->bad_lines),
                           .windows = {}});
  }
  if (data.points() == 0) {
    return Error::data(path.string() + ": no record in any of its files" +
                       (data.warnings.empty() ? "" : "; " + data.warnings.front()));
  }
  if (files->labels) MILLSTREAM_TRY(read_labels(*files->labels, data));
  return data;
}

std::vector<millstream::forest::Series> to_training_series(const DataSet& data) {
  std::vector<millstream::forest::Series> out;
  out.reserve(data.series.size());
  for (const DataSeries& one : data.series) {
    out.push_back({.name = one.name, .points = one.points, .windows = one.windows});
  }
  return out;
}

}  // namespace anomaly
