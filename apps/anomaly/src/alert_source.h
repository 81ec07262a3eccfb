#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>

#include <string>
#include <vector>

#include "alert_notice.h"
#include "messages.h"

namespace anomaly {

/// An alert and its place: the same in every source, since all have it from the topic of alerts.
struct AlertArrival {
  Alert alert;
  std::string source;  ///< The topic's partition, "alerts-0".
  millstream::Offset next;
};

/// How far each partition has been taken: kept by who takes the alerts.
class AlertPositions {
 public:
  virtual ~AlertPositions() = default;
  /// The next offset to take; kNone: from the beginning.
  [[nodiscard]] virtual millstream::Offset position(const std::string& source) const = 0;
  /// The partition was made anew: its offsets begin again.
  virtual void forget(const std::string& source) = 0;
};

/// Where alerts come from. **Thread**: one.
class AlertSource {
 public:
  virtual ~AlertSource() = default;
  /// What has arrived beyond the positions, in each partition's order; waits up to `timeout`.
  /// **Errors**: kMachine: what no waiting will mend. A server that is away is waited for.
  virtual millstream::Result<std::vector<AlertArrival>> poll(AlertPositions& positions,
                                                             millstream::Duration timeout) = 0;
  /// The series' measurements around an alert, by time, for its plot; none if they can't be had.
  virtual std::vector<AlertPoint> points_around(const Alert& alert) = 0;
};

/// The time that an alert's plot shows: some of what was before it, and a little beyond.
struct PlotSpan {
  explicit PlotSpan(const Alert& alert);
  millstream::Timestamp from;
  millstream::Timestamp to;
};

}  // namespace anomaly
