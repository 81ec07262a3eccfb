#include <millstream/core/config.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <sstream>

namespace millstream {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\f";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

bool continues(std::string_view line) {
  const auto last = line.find_last_not_of('\\');
  const std::size_t slashes = last == std::string_view::npos ? line.size() : line.size() - last - 1;
  return slashes % 2 == 1;
}

Error not_a(std::string_view kind, std::string_view name, std::string_view text) {
  return Error::user("setting " + std::string(name) + ": \"" + std::string(text) + "\" is not " +
                     std::string(kind));
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

Result<Config> Config::from_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return Error::user("configuration file " + path +
                       ": cannot be read; check the path and its permissions");
  }
  std::ostringstream text;
  text << file.rdbuf();
  return from_text(text.str(), path);
}

Result<Config> Config::from_text(std::string_view text, std::string_view origin) {
  Config config;
  std::string logical;
  std::size_t number = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (logical.empty() && (line.empty() || line.front() == '#' || line.front() == '!')) continue;
    if (continues(line)) {
      logical.append(line.substr(0, line.size() - 1));
      if (!text.empty()) continue;
    } else {
      logical.append(line);
    }
    const auto separator = logical.find_first_of("=:");
    const std::string_view name = trimmed(std::string_view(logical).substr(0, separator));
    if (separator == std::string::npos || name.empty()) {
      return Error::user(std::string(origin) + ":" + std::to_string(number) + ": \"" + logical +
                         "\" is no setting; write name=value");
    }
    config.set(std::string(name),
               std::string(trimmed(std::string_view(logical).substr(separator + 1))));
    logical.clear();
  }
  return config;
}

Status Config::set_from_argument(std::string_view argument) {
  const auto separator = argument.find('=');
  if (separator == std::string_view::npos || separator == 0) {
    return Error::user("-X " + std::string(argument) + ": is no setting; write -X name=value");
  }
  set(std::string(trimmed(argument.substr(0, separator))),
      std::string(trimmed(argument.substr(separator + 1))));
  return {};
}

void Config::merge(const Config& other) {
  for (const auto& [name, value] : other.values_) values_.insert_or_assign(name, value);
}

const std::string* Config::find(std::string_view name) const {
  const auto it = values_.find(name);
  return it == values_.end() ? nullptr : &it->second;
}

std::string Config::get(std::string_view name, std::string_view fallback) const {
  const std::string* value = find(name);
  return value != nullptr ? *value : std::string(fallback);
}

Result<std::int64_t> Config::get_int(std::string_view name, std::int64_t fallback) const {
  const std::string* text = find(name);
  if (text == nullptr) return fallback;
  std::int64_t value = 0;
  const char* end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || rest != end) return not_a("a whole number", name, *text);
  return value;
}

Result<double> Config::get_double(std::string_view name, double fallback) const {
  const std::string* text = find(name);
  if (text == nullptr) return fallback;
  double value = 0;
  const char* end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || rest != end) return not_a("a number", name, *text);
  return value;
}

Result<bool> Config::get_bool(std::string_view name, bool fallback) const {
  const std::string* text = find(name);
  if (text == nullptr) return fallback;
  if (*text == "true") return true;
  if (*text == "false") return false;
  return not_a("true or false", name, *text);
}

Result<Duration> Config::get_duration(std::string_view name, Duration fallback) const {
  auto value = get_int(name, fallback.count());
  if (!value) return value.error();
  return Duration(*value);
}

Config Config::with_prefix(std::string_view prefix) const {
  Config config;
  for (auto it = values_.lower_bound(prefix); it != values_.end() && it->first.starts_with(prefix);
       ++it) {
    config.set(it->first.substr(prefix.size()), it->second);
  }
  return config;
}

std::optional<std::string_view> nearest_name(std::string_view name,
                                             std::span<const std::string_view> known) {
  std::optional<std::string_view> best;
  std::size_t best_distance = name.size() / 3 + 2;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::vector<std::string> unknown_settings(const Config& config,
                                          std::span<const std::string_view> known) {
  std::vector<std::string> warnings;
  for (const auto& [name, value] : config.values()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string warning = "unknown setting " + name;
    if (const auto near = nearest_name(name, known)) {
      warning += "; did you mean " + std::string(*near) + "?";
    }
    warnings.push_back(std::move(warning));
  }
  return warnings;
}

}  // namespace millstream
