#include <millstream/forest/nab_corpus.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

namespace millstream::forest {
namespace {

namespace fs = std::filesystem;

Result<std::string> read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return Error::data(path.string() + ": cannot be read, or is empty");
  }
  return text.str();
}

// Cut the next field off a line.
std::string_view next_field(std::string_view& line) {
  const std::size_t comma = std::min(line.find(','), line.size());
  const std::string_view field = line.substr(0, comma);
  line.remove_prefix(std::min(comma + 1, line.size()));
  return field;
}

std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (!line.empty() && line.back() == '\r') {
    line.remove_suffix(1);
  }
  return line;
}

bool parse_number(std::string_view text, double& number) {
  if (text.empty()) {
    number = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// A CSV file's timestamps and one column of numbers.
Result<std::vector<Point>> read_column(const fs::path& path, std::string_view column) {
  const auto text = read_text(path);
  if (!text) {
    return text.error();
  }
  std::string_view rest = *text;
  std::string_view header = next_line(rest);
  std::size_t index = 0;
  while (!header.empty() && next_field(header) != column) {
    ++index;
    if (header.empty()) {
      return Error::data(path.string() + ": has no column " + std::string(column));
    }
  }
  std::vector<Point> points;
  for (std::size_t number = 2; !rest.empty(); ++number) {
    std::string_view line = next_line(rest);
    if (line.empty()) {
      continue;
    }
    const std::string place = path.string() + ":" + std::to_string(number);
    const auto timestamp = parse_timestamp(next_field(line));
    if (!timestamp) {
      return timestamp.error().within(place);
    }
    for (std::size_t skipped = 1; skipped < index; ++skipped) {
      next_field(line);
    }
    double value = 0;
    if (!parse_number(next_field(line), value)) {
      return Error::data(place + ": the " + std::string(column) + " is not a number");
    }
    points.push_back({*timestamp, value});
  }
  return points;
}

Result<std::size_t> row_of(const Series& series, const nlohmann::json& text) {
  const auto timestamp = parse_timestamp(text.get<std::string>());
  if (!timestamp) {
    return timestamp.error();
  }
  const auto row = std::find_if(series.points.begin(), series.points.end(),
                                [&](const Point& p) { return p.timestamp_ms == *timestamp; });
  if (row == series.points.end()) {
    return Error::data("no row has the window's timestamp " + text.get<std::string>());
  }
  return static_cast<std::size_t>(row - series.points.begin());
}

Status label(Series& series, const nlohmann::json& windows) {
  for (const auto& window : windows) {
    const auto first = row_of(series, window.at(0));
    const auto last = row_of(series, window.at(1));
    if (!first || !last) {
      return (first ? last : first).error().within(series.name);
    }
    if (*last < *first || (!series.windows.empty() && *first <= series.windows.back().last)) {
      return Error::data(series.name + ": its windows overlap or are not in order");
    }
    series.windows.push_back({*first, *last});
  }
  return {};
}

Status label_all(std::vector<Series>& series, const fs::path& windows_file) {
  const auto text = read_text(windows_file);
  if (!text) {
    return text.error();
  }
  try {
    const auto document = nlohmann::json::parse(*text);
    for (Series& one : series) {
      if (document.contains(one.name)) {
        MILLSTREAM_TRY(label(one, document.at(one.name)));
      }
    }
  } catch (const nlohmann::json::exception& error) {
    return Error::data(windows_file.string() + ": " + error.what());
  }
  return {};
}

fs::path result_path(const fs::path& dir, std::string_view detector, const Series& series) {
  const fs::path name(series.name);
  return dir / detector / name.parent_path() /
         (std::string(detector) + "_" + name.filename().string());
}

}  // namespace

Result<std::int64_t> parse_timestamp(std::string_view text) {
  int y = 0;
  unsigned month = 0, day = 0;
  int h = 0, m = 0, used = 0;
  double seconds = 0;
  const std::string copy(text.substr(0, 64));
  const int fields = std::sscanf(copy.c_str(), "%4d-%2u-%2u%*1[ T]%2d:%2d:%lf%n", &y, &month, &day,
                                 &h, &m, &seconds, &used);
  const std::chrono::year_month_day date{std::chrono::year(y), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (fields != 6 || static_cast<std::size_t>(used) != text.size() || !date.ok() || h < 0 ||
      h > 23 || m < 0 || m > 59 || !(seconds >= 0 && seconds < 61)) {
    return Error::data("\"" + copy + "\" is not a timestamp like 2014-04-10 07:15:00");
  }
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + h) * 60 + m) * 60000 + std::llround(seconds * 1000);
}

std::string format_timestamp(std::int64_t timestamp_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds(timestamp_ms)};
  const auto day_start = floor<days>(time);
  const year_month_day date(day_start);
  const hh_mm_ss clock(floor<seconds>(time - day_start));
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u %02d:%02d:%02d",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

Result<Series> load_series(const fs::path& path, std::string name) {
  auto points = read_column(path, "value");
  if (!points) {
    return points.error();
  }
  return Series{std::move(name), std::move(*points), {}};
}

Result<std::vector<Series>> load_corpus(const fs::path& data_dir, const fs::path& windows_file) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (const auto& category : fs::directory_iterator(data_dir, error)) {
    std::error_code inner;
    for (const auto& file : fs::directory_iterator(category.path(), inner)) {
      if (file.path().extension() == ".csv") {
        paths.push_back(file.path());
      }
    }
  }
  if (error || paths.empty()) {
    return Error::user(data_dir.string() +
                       ": no series found; give the folder that holds <category>/<file>.csv");
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Series> series;
  for (const fs::path& path : paths) {
    auto one =
        load_series(path, (path.parent_path().filename() / path.filename()).generic_string());
    if (!one) {
      return one.error();
    }
    series.push_back(std::move(*one));
  }
  if (!windows_file.empty()) {
    MILLSTREAM_TRY(label_all(series, windows_file));
  }
  return series;
}

ScoredSeries with_labels(const Series& series, std::vector<double> scores) {
  return {std::move(scores), series.windows, probation_rows(series.points.size())};
}

Result<std::vector<ScoredSeries>> load_results(const fs::path& results_dir,
                                               std::string_view detector,
                                               std::span<const Series> series) {
  std::vector<ScoredSeries> results;
  for (const Series& one : series) {
    const fs::path path = result_path(results_dir, detector, one);
    const auto points = read_column(path, "anomaly_score");
    if (!points) {
      return points.error();
    }
    if (points->size() != one.points.size()) {
      return Error::data(path.string() + ": has " + std::to_string(points->size()) +
                         " rows, the series " + std::to_string(one.points.size()));
    }
    std::vector<double> scores;
    for (const Point& point : *points) {
      scores.push_back(std::isfinite(point.value) ? point.value : 0.0);
    }
    results.push_back(with_labels(one, std::move(scores)));
  }
  return results;
}

Status write_result(const fs::path& results_dir, std::string_view detector, const Series& series,
                    std::span<const double> scores) {
  const fs::path path = result_path(results_dir, detector, series);
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  std::ofstream file(path);
  file << "timestamp,value,anomaly_score,label\n";
  std::array<char, 128> line;
  auto window = series.windows.begin();
  for (std::size_t i = 0; i < series.points.size(); ++i) {
    while (window != series.windows.end() && window->last < i) {
      ++window;
    }
    const int inside = window != series.windows.end() && window->first <= i ? 1 : 0;
    std::snprintf(line.data(), line.size(), ",%.17g,%.17g,%d\n", series.points[i].value, scores[i],
                  inside);
    file << format_timestamp(series.points[i].timestamp_ms) << line.data();
  }
  if (!file.flush()) {
    return Error::machine(path.string() + ": cannot be written");
  }
  return {};
}

std::array<CorpusScore, 3> score_corpus(std::span<const ScoredSeries> files) {
  std::array<CorpusScore, 3> scores;
  for (std::size_t p = 0; p < scores.size(); ++p) {
    CorpusScore& score = scores[p];
    score.profile = kNabProfiles[p];
    score.best = best_threshold(files, score.profile);
    score.windows = count_windows(files);
    score.score = normalised_score(score.best.raw, score.windows, score.profile);
    score.false_alarms = score.best.false_positives;
    score.detections = score.best.false_positives + score.best.true_positives;
    for (const ScoredSeries& file : files) {
      for (const RowWindow& window : file.windows) {
        const auto begin = file.scores.begin();
        const std::size_t from = std::max(window.first, file.probation);
        score.windows_found +=
            from <= window.last && std::any_of(begin + static_cast<std::ptrdiff_t>(from),
                                               begin + static_cast<std::ptrdiff_t>(window.last) + 1,
                                               [&](double s) { return s >= score.best.threshold; })
                ? 1U
                : 0U;
      }
    }
  }
  return scores;
}

}  // namespace millstream::forest
