#include "csv_series.h"

#include <millstream/forest/nab_corpus.h>

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

namespace anomaly {

using millstream::Error;
using millstream::Result;
using millstream::forest::Point;

namespace {

constexpr std::size_t kShownBytes = 200;
constexpr std::string_view kHeader = "timestamp,value";

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Result<double> parse_value(std::string_view text) {
  double value = 0;
  if (text.empty()) return Error::data("the value is missing");
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    return Error::data(fmt::format("value \"{}\" is beyond the range of a double", text));
  }
  if (error != std::errc() || end != text.data() + text.size()) {
    return Error::data(fmt::format("value \"{}\" is no number", text));
  }
  if (!std::isfinite(value)) return Error::data(fmt::format("value \"{}\" is not finite", text));
  return value;
}

Result<Point> parse_point(std::string_view line) {
  const std::size_t comma = line.find(',');
  if (comma == std::string_view::npos)
    return Error::data("there is no comma: expected timestamp,value");
  if (line.find(',', comma + 1) != std::string_view::npos) {
    return Error::data("there are more than two fields: expected timestamp,value");
  }
  const auto time = millstream::forest::parse_timestamp(line.substr(0, comma));
  if (!time) return time.error();
  if (*time < 0) {
    return Error::data(fmt::format("timestamp \"{}\" is before 1970", line.substr(0, comma)));
  }
  const auto value = parse_value(line.substr(comma + 1));
  if (!value) return value.error();
  return Point{.timestamp_ms = *time, .value = *value};
}

}  // namespace

Result<CsvSeries> parse_csv(std::string_view text) {
  CsvSeries series;
  const std::string_view header = take_line(text);
  if (header != kHeader) {
    return Error::data(fmt::format("1: the header is \"{}\" instead of \"{}\"",
                                   header.substr(0, kShownBytes), kHeader));
  }
  for (std::size_t number = 2; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    if (line.empty()) continue;
    if (const auto point = parse_point(line)) {
      series.points.push_back(*point);
    } else {
      series.bad_lines.push_back({.before_point = series.points.size(),
                                  .line = number,
                                  .text = std::string(line.substr(0, kShownBytes)),
                                  .what = std::string(point.error().message())});
    }
  }
  return series;
}

Result<std::string> read_text_file(const std::filesystem::path& file) {
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream) {
    return Error::machine(fmt::format("{} can't be read: {}; check the path and its permissions",
                                      file.string(), std::strerror(errno != 0 ? errno : EIO)));
  }
  return text;
}

Result<CsvSeries> read_csv(const std::filesystem::path& file) {
  const auto text = read_text_file(file);
  if (!text) return text.error();
  auto series = parse_csv(*text);
  // "file:1: ...", as compilers say it.
  if (!series) {
    return Error::data(fmt::format("{}:{}", file.string(), series.error().message()));
  }
  return series;
}

}  // namespace anomaly
