#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace millstream {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// One named value of a log line.
struct LogField {
  std::string_view name;
  std::string value;
};

/// Where the library's log lines go: one event a line, in words, with its fields apart.
/// **Thread**: called from every thread.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual void log(LogLevel level, std::string_view event, std::span<const LogField> fields) = 0;

  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::kDebug, event, {fields.begin(), fields.size()});
  }
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::kInfo, event, {fields.begin(), fields.size()});
  }
  void warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::kWarning, event, {fields.begin(), fields.size()});
  }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::kError, event, {fields.begin(), fields.size()});
  }
};

/// Drops every line.
class NullLogger final : public Logger {
 public:
  void log(LogLevel, std::string_view, std::span<const LogField>) override {}
};

/// Writes lines from `threshold` on to standard error, in logfmt.
class StderrLogger final : public Logger {
 public:
  explicit StderrLogger(LogLevel threshold = LogLevel::kInfo) : threshold_(threshold) {}
  void log(LogLevel level, std::string_view event, std::span<const LogField> fields) override;

 private:
  LogLevel threshold_;
};

/// A line in logfmt: `level=info event="..." name=value`, quoted where needed, no line breaks.
[[nodiscard]] std::string to_logfmt(LogLevel level, std::string_view event,
                                    std::span<const LogField> fields);

}  // namespace millstream
