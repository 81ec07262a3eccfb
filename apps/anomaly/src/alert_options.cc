#include "alert_options.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

namespace anomaly {

using millstream::Config;
using millstream::Duration;
using millstream::Error;
using millstream::Result;
using millstream::Status;

namespace {

constexpr std::int64_t kMaxDuration = std::int64_t{366} * 86'400'000;

/// Milliseconds of a unit, and the unit's length in the text; 0 for an unknown one.
std::pair<std::int64_t, std::size_t> unit_of(std::string_view text) {
  if (text.starts_with("ms")) return {1, 2};
  if (text.starts_with('s')) return {1'000, 1};
  if (text.starts_with('m')) return {60'000, 1};
  if (text.starts_with('h')) return {3'600'000, 1};
  if (text.starts_with('d')) return {86'400'000, 1};
  return {0, 0};
}

Status read_duration(const Config& config, std::string_view name, Duration& into) {
  const std::string* text = config.find(name);
  if (text == nullptr) return {};
  const auto parsed = parse_duration(*text);
  if (!parsed) return parsed.error().within(name);
  into = *parsed;
  return {};
}

std::vector<std::string> names_of(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    std::string name(text.substr(0, text.find(',')));
    text.remove_prefix(std::min(name.size() + 1, text.size()));
    std::erase(name, ' ');
    if (!name.empty()) names.push_back(std::move(name));
  }
  return names;
}

Status read_limits(const Config& config, AlertOptions& out) {
  const auto min_score = config.get_double("alert.min_score", out.min_score);
  if (!min_score) return min_score.error();
  out.min_score = *min_score;
  const auto per_hour =
      config.get_int("alert.max_per_hour", static_cast<std::int64_t>(out.max_per_hour));
  if (!per_hour) return per_hour.error();
  if (*per_hour < 0) return Error::user("alert.max_per_hour is negative; 0 means any number");
  out.max_per_hour = static_cast<std::size_t>(*per_hour);
  return {};
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  const Error fault = Error::user("\"" + std::string(text) +
                                  "\" is no duration such as 30s, 5m, 1h30m or 2d (up to a year)");
  std::int64_t total = 0;
  const bool is_number = text.find_first_not_of("0123456789") == std::string_view::npos;
  const std::string with_unit = std::string(text) + (is_number ? "ms" : "");
  std::string_view rest = with_unit;
  if (text.empty()) return fault;
  while (!rest.empty()) {
    std::int64_t number = 0;
    const auto [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (code != std::errc() || number < 0 || number > kMaxDuration) return fault;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const auto [milliseconds, length] = unit_of(rest);
    if (milliseconds == 0 || number > (kMaxDuration - total) / milliseconds) return fault;
    total += number * milliseconds;
    rest.remove_prefix(length);
  }
  return Duration(total);
}

const std::vector<std::string_view>& alert_setting_names() {
  static const std::vector<std::string_view> names{
      "alert.group_by",        "alert.group_wait", "alert.group_interval",
      "alert.repeat_interval", "alert.min_score",  "alert.max_per_hour",
      "alert.retry_first",     "alert.retry_last", "alert.source"};
  return names;
}

Result<AlertOptions> AlertOptions::from(const Config& config) {
  AlertOptions out;
  if (const std::string* names = config.find("alert.group_by")) out.group_by = names_of(*names);
  MILLSTREAM_TRY(read_duration(config, "alert.group_wait", out.group_wait));
  MILLSTREAM_TRY(read_duration(config, "alert.group_interval", out.group_interval));
  MILLSTREAM_TRY(read_duration(config, "alert.repeat_interval", out.repeat_interval));
  MILLSTREAM_TRY(read_duration(config, "alert.retry_first", out.retry_first));
  MILLSTREAM_TRY(read_duration(config, "alert.retry_last", out.retry_last));
  MILLSTREAM_TRY(read_limits(config, out));
  return out;
}

}  // namespace anomaly
