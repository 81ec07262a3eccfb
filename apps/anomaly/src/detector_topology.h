#pragma once

#include <millstream/core/config.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>
#include <millstream/topology/built_topology.h>

#include <memory>
#include <optional>

#include "detector_settings.h"
#include "message_serdes.h"
#include "model_source.h"
#include "topics.h"

namespace anomaly {

/// What the topology is made for. **Source**: settings `anomaly.*`.
struct DetectorOptions {
  Topics topics;
  Format format = Format::kProtobuf;
  /// Anomalies of a series that are no further apart belong to one incident.
  millstream::Duration session_gap = std::chrono::hours(2);
  /// How late an anomaly may come and still join its incident.
  millstream::Duration session_grace{0};
  /// When a partition's metrics have been silent that long, its time is the wall clock's, so that
  /// its last incidents are told. For metrics as they happen: what is replayed later with older
  /// times is late for its incidents. Nothing: silence holds them open.
  std::optional<millstream::Duration> idle_timeout;
  DetectorSettings detector;

  static millstream::Result<DetectorOptions> from(const millstream::Config& config);
};

/// metrics → the chosen detector → scores; the anomalous ones → anomalies → incidents, as sessions
/// that are told once they are over → alerts. Event time is the metric's own. `models` is what the
/// offline detector needs, and may be null for the others.
/// **Errors**: user: all faults of the topology.
millstream::Result<std::shared_ptr<const millstream::BuiltTopology>> make_detector_topology(
    const DetectorOptions& options, std::shared_ptr<const ModelSource> models);

/// What scores say they come from: the model's version, or the detector that learns and a digest of
/// its options. `models` as above.
[[nodiscard]] std::string detector_version(const DetectorSettings& settings,
                                           const std::shared_ptr<const ModelSource>& models);

}  // namespace anomaly
