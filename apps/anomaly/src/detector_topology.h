#pragma once

#include <millstream/core/config.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>
#include <millstream/forest/model.h>
#include <millstream/topology/built_topology.h>

#include <memory>

#include "message_serdes.h"
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

  static millstream::Result<DetectorOptions> from(const millstream::Config& config);
};

/// metrics → features and score → scores; the anomalous ones → anomalies → incidents, as sessions
/// that are told once they are over → alerts. Event time is the metric's own.
/// **Errors**: user: all faults of the topology.
millstream::Result<std::shared_ptr<const millstream::BuiltTopology>> make_detector_topology(
    const DetectorOptions& options, std::shared_ptr<const millstream::forest::Model> model);

}  // namespace anomaly
