#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "mail_settings.h"

namespace anomaly {

using millstream::Error;
using millstream::Result;

namespace {

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

bool is_name(std::string_view text) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && (text[0] < '0' || text[0] > '9') &&
         std::all_of(text.begin(), text.end(), is_part);
}

/// A value without its quotes, or without the comment behind it.
std::string plain_value(std::string_view text) {
  if (!text.empty() && (text[0] == '"' || text[0] == '\'')) {
    const std::size_t end = text.find(text[0], 1);
    if (end != std::string_view::npos) return std::string(text.substr(1, end - 1));
  }
  if (text.starts_with('#')) return {};
  return std::string(trim(text.substr(0, text.find(" #"))));
}

}  // namespace

Result<std::map<std::string, std::string>> parse_env_file(std::string_view text,
                                                          std::string_view origin) {
  std::map<std::string, std::string> values;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = trim(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with("export ")) line = trim(line.substr(7));
    const std::size_t equals = line.find('=');
    const std::string_view name = trim(line.substr(0, equals));
    if (equals == std::string_view::npos || !is_name(name)) {
      // The line itself isn't shown: it may be a secret.
      return Error::user(std::string(origin) + ":" + std::to_string(number) +
                         ": this is no NAME=VALUE line");
    }
    values.insert_or_assign(std::string(name), plain_value(trim(line.substr(equals + 1))));
  }
  return values;
}

Result<Environment> environment_with_file(const std::filesystem::path& file) {
  std::map<std::string, std::string> values;
  if (std::ifstream in(file, std::ios::binary); in) {
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    auto parsed = parse_env_file(text, file.string());
    if (!parsed) return parsed.error();
    values = std::move(*parsed);
  }
  return Environment(
      [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
        const std::string key(name);
        const char* value = std::getenv(key.c_str());
        if (value != nullptr && *value != '\0') return value;
        const auto found = values.find(key);
        if (found == values.end() || found->second.empty()) return std::nullopt;
        return found->second;
      });
}

}  // namespace anomaly
