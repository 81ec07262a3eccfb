#include "log_file.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace anomaly {

using millstream::Error;
using millstream::LogField;
using millstream::Logger;
using millstream::LogLevel;
using millstream::Result;

namespace {

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

/// Hands lines to spdlog, which puts the time before them.
class SpdlogLogger final : public Logger {
 public:
  SpdlogLogger(std::shared_ptr<spdlog::sinks::sink> sink, spdlog::level::level_enum threshold)
      : logger_("anomaly", std::move(sink)) {
    logger_.set_level(threshold);
    logger_.set_pattern("time=%Y-%m-%dT%H:%M:%S.%e%z %v");
    logger_.flush_on(spdlog::level::info);
  }
  void log(LogLevel level, std::string_view event, std::span<const LogField> fields) override {
    const auto severity = level_of(level);
    if (logger_.should_log(severity)) logger_.log(severity, to_logfmt(level, event, fields));
  }

 private:
  spdlog::logger logger_;
};

}  // namespace

Result<std::unique_ptr<Logger>> log_to_stderr(std::string_view level) {
  const auto threshold = spdlog::level::from_str(std::string(level));
  if (threshold == spdlog::level::off && level != "off") {
    return Error::user(fmt::format(
        "setting log.level: \"{}\" is none of debug, info, warning, error, off", level));
  }
  return std::unique_ptr<Logger>(
      std::make_unique<SpdlogLogger>(std::make_shared<spdlog::sinks::stderr_sink_mt>(), threshold));
}

Result<std::unique_ptr<Logger>> log_to_file(const std::filesystem::path& file) {
  try {
    return std::unique_ptr<Logger>(std::make_unique<SpdlogLogger>(
        std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string()), spdlog::level::info));
  } catch (const spdlog::spdlog_ex& fault) {
    return Error::machine(
        fmt::format("{} can't be written: {}; check the folder and its permissions", file.string(),
                    fault.what()));
  }
}

}  // namespace anomaly
