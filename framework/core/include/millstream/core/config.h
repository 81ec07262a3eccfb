#pragma once

#include <millstream/core/result.h>
#include <millstream/core/time.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millstream {

/// Settings by name, as in a `.properties` file; names as in Kafka Streams and librdkafka.
/// **Thread**: immutable once handed to the runtime.
class Config {
 public:
  Config() = default;
  Config(std::initializer_list<std::pair<const std::string, std::string>> values)
      : values_(values) {}

  /// The settings of a `.properties` file: `name=value` or `name: value` a line, `#` and `!` begin
  /// comments, a backslash at a line's end joins the next one.
  /// **Errors**: kUser, naming file and line.
  static Result<Config> from_file(const std::string& path);
  static Result<Config> from_text(std::string_view text, std::string_view origin);

  void set(std::string name, std::string value) {
    values_.insert_or_assign(std::move(name), std::move(value));
  }
  /// Set from `name=value`, as `-X` takes it. **Errors**: kUser.
  Status set_from_argument(std::string_view argument);
  /// Take every setting of `other`; its values win.
  void merge(const Config& other);

  [[nodiscard]] bool contains(std::string_view name) const { return find(name) != nullptr; }
  /// The text of a setting, or null.
  [[nodiscard]] const std::string* find(std::string_view name) const;
  [[nodiscard]] std::string get(std::string_view name, std::string_view fallback = {}) const;
  /// **Errors**: kUser when the text is no such value, naming the setting and the text.
  [[nodiscard]] Result<std::int64_t> get_int(std::string_view name, std::int64_t fallback) const;
  [[nodiscard]] Result<double> get_double(std::string_view name, double fallback) const;
  [[nodiscard]] Result<bool> get_bool(std::string_view name, bool fallback) const;
  /// **Units**: the text is a whole number of milliseconds.
  [[nodiscard]] Result<Duration> get_duration(std::string_view name, Duration fallback) const;

  /// The settings whose names begin with `prefix`, without it.
  [[nodiscard]] Config with_prefix(std::string_view prefix) const;

  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& values() const {
    return values_;
  }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

/// The name in `known` that is nearest to `name` by edit distance, if it is near enough to be
/// meant.
[[nodiscard]] std::optional<std::string_view> nearest_name(std::string_view name,
                                                           std::span<const std::string_view> known);

/// One warning a setting that is not among `known`: "unknown setting X; did you mean Y?".
[[nodiscard]] std::vector<std::string> unknown_settings(const Config& config,
                                                        std::span<const std::string_view> known);

}  // namespace millstream
