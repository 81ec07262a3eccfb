#include "detector_settings.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <string>

namespace anomaly {

using millstream::Config;
using millstream::Error;
using millstream::Result;
using millstream::Status;
using millstream::forest::OnlineForestOptions;
using millstream::forest::SeriesForestOptions;

namespace {

constexpr std::array<std::string_view, 22> kNames = {
    "anomaly.detector",
    "anomaly.detector.memory.bytes",
    "anomaly.online.trees",
    "anomaly.online.sample",
    "anomaly.online.window",
    "anomaly.online.rebuild.every",
    "anomaly.online.first.build",
    "anomaly.online.extra.depth",
    "anomaly.online.floor",
    "anomaly.online.threshold",
    "anomaly.online.refractory",
    "anomaly.online.rise",
    "anomaly.online.fade",
    "anomaly.online.seed",
    "anomaly.per-series.trees",
    "anomaly.per-series.sample",
    "anomaly.per-series.window",
    "anomaly.per-series.first.fit",
    "anomaly.per-series.refit.every",
    "anomaly.per-series.contamination",
    "anomaly.per-series.refractory",
    "anomaly.per-series.seed",
};

/// Reads settings one after the other; the first error stays.
class Reader {
 public:
  Reader(const Config& config, std::string prefix) : config_(config), prefix_(std::move(prefix)) {}

  void read(const char* name, std::uint32_t& into) {
    std::uint64_t number = into;
    read(name, number);
    if (number > std::numeric_limits<std::uint32_t>::max()) {
      fail(name, "is too large");
    } else {
      into = static_cast<std::uint32_t>(number);
    }
  }
  void read(const char* name, std::uint64_t& into) {
    const auto number = config_.get_int(prefix_ + name, static_cast<std::int64_t>(into));
    if (!number) return fail(number.error());
    if (*number < 0) return fail(name, "is negative");
    into = static_cast<std::uint64_t>(*number);
  }
  void read(const char* name, double& into) {
    const auto number = config_.get_double(prefix_ + name, into);
    if (!number) return fail(number.error());
    into = *number;
  }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  void fail(Error error) {
    if (status_) status_ = std::move(error);
  }
  void fail(const char* name, const char* what) {
    fail(Error::user(
        fmt::format("setting {}{}: {} {}", prefix_, name, config_.get(prefix_ + name), what)));
  }

  const Config& config_;
  std::string prefix_;
  Status status_;
};

Status read_online(const Config& config, OnlineForestOptions& options) {
  Reader reader(config, "anomaly.online.");
  reader.read("trees", options.trees);
  reader.read("sample", options.sample);
  reader.read("window", options.window);
  reader.read("rebuild.every", options.rebuild_every);
  reader.read("first.build", options.first_build);
  reader.read("extra.depth", options.extra_depth);
  reader.read("floor", options.floor);
  reader.read("threshold", options.threshold);
  reader.read("refractory", options.refractory);
  reader.read("rise", options.rise);
  reader.read("fade", options.fade);
  reader.read("seed", options.seed);
  MILLSTREAM_TRY(reader.status());
  return options.check();
}

Status read_per_series(const Config& config, SeriesForestOptions& options) {
  Reader reader(config, "anomaly.per-series.");
  reader.read("trees", options.trees);
  reader.read("sample", options.sample);
  reader.read("window", options.window);
  reader.read("first.fit", options.first_fit);
  reader.read("refit.every", options.refit_every);
  reader.read("contamination", options.contamination);
  reader.read("refractory", options.refractory);
  reader.read("seed", options.seed);
  MILLSTREAM_TRY(reader.status());
  return options.check();
}

}  // namespace

std::string_view to_string(DetectorKind kind) {
  switch (kind) {
    case DetectorKind::kOffline:
      return "offline";
    case DetectorKind::kPerSeries:
      return "per-series";
    case DetectorKind::kOnline:
      return "online";
  }
  return "";
}

Result<DetectorKind> parse_detector_kind(std::string_view text) {
  for (const auto kind :
       {DetectorKind::kOffline, DetectorKind::kPerSeries, DetectorKind::kOnline}) {
    if (text == to_string(kind)) return kind;
  }
  return Error::user(
      fmt::format("\"{}\" is no detector; choose offline, per-series or online", text));
}

Result<DetectorSettings> DetectorSettings::from(const Config& config) {
  DetectorSettings settings;
  const auto kind = parse_detector_kind(config.get("anomaly.detector", to_string(settings.kind)));
  if (!kind) return kind.error().within("setting anomaly.detector");
  settings.kind = *kind;
  Reader reader(config, "anomaly.detector.");
  std::uint64_t memory = settings.memory;
  reader.read("memory.bytes", memory);
  MILLSTREAM_TRY(reader.status());
  settings.memory = memory;
  if (const auto status = read_online(config, settings.online); !status) {
    return status.error().within("settings anomaly.online.*");
  }
  if (const auto status = read_per_series(config, settings.per_series); !status) {
    return status.error().within("settings anomaly.per-series.*");
  }
  return settings;
}

std::string DetectorSettings::identity() const {
  switch (kind) {
    case DetectorKind::kOffline:
      return std::string(to_string(kind));
    case DetectorKind::kPerSeries:
      return fmt::format("{} {} {} {} {} {} {} {} {}", to_string(kind), per_series.trees,
                         per_series.sample, per_series.window, per_series.first_fit,
                         per_series.refit_every, per_series.contamination, per_series.refractory,
                         per_series.seed);
    case DetectorKind::kOnline:
      return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {}", to_string(kind), online.trees,
                         online.sample, online.window, online.rebuild_every, online.first_build,
                         online.extra_depth, online.floor, online.threshold, online.refractory,
                         online.rise, online.fade, online.seed);
  }
  return {};
}

std::span<const std::string_view> detector_setting_names() { return kNames; }

}  // namespace anomaly
