#pragma once

#include <millstream/core/config.h>
#include <millstream/core/result.h>
#include <millstream/forest/online_forest.h>
#include <millstream/forest/series_forest.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace anomaly {

/// What judges the records.
enum class DetectorKind {
  kOffline,    ///< One isolation forest for all series, trained beforehand: a model file.
  kPerSeries,  ///< A plain isolation forest a series, trained again now and then.
  kOnline,     ///< Box-aware forests a series, renewed tree by tree: docs/detection.md.
};

/// The names that settings and options use.
[[nodiscard]] std::string_view to_string(DetectorKind kind);
/// **Errors**: user: none of "offline", "per-series", "online".
millstream::Result<DetectorKind> parse_detector_kind(std::string_view text);

/// Which detector, and how it works. **Source**: settings `anomaly.detector`, `anomaly.online.*`,
/// `anomaly.per-series.*`; docs/detection.md lists them.
struct DetectorSettings {
  DetectorKind kind = DetectorKind::kOffline;
  millstream::forest::OnlineForestOptions online = {};
  millstream::forest::SeriesForestOptions per_series = {};
  /// Bytes that a task's series may hold in memory. Series beyond it rest in the store, and are
  /// built again from there at their next record, which takes some milliseconds.
  std::size_t memory = std::size_t{512} << 20U;

  bool operator==(const DetectorSettings&) const = default;
  /// **Errors**: user: a setting that is no number or out of range.
  static millstream::Result<DetectorSettings> from(const millstream::Config& config);
  /// In few words what decides the scores: the same text, the same scores.
  [[nodiscard]] std::string identity() const;
};

/// The names of these settings.
[[nodiscard]] std::span<const std::string_view> detector_setting_names();

}  // namespace anomaly
