#pragma once

#include <millstream/core/time.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace anomaly {

/// One measurement around an alert, for the small plot.
struct AlertPoint {
  millstream::Timestamp time;
  double value = 0;

  bool operator==(const AlertPoint&) const = default;
};

/// An alert as people are told of it: one burst of anomalies of one series.
struct AlertNotice {
  std::string id;  ///< The same burst has the same id, however often it is told.
  std::string series;
  millstream::Timestamp start;
  millstream::Timestamp end;
  millstream::Timestamp peak_time;
  double peak_score = 0;
  double peak_value = 0;
  double peak_expected = 0;
  double threshold = 0;  ///< A score above it is anomalous; 0: not known.
  std::int64_t count = 0;
  std::string explanation;                    ///< One sentence; may be empty.
  std::vector<AlertPoint> recent;             ///< By time; may be empty.
  std::map<std::string, std::string> labels;  ///< More to group by.

  bool operator==(const AlertNotice&) const = default;
};

}  // namespace anomaly
