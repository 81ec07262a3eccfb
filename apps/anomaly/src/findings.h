#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "data_set.h"
#include "results.h"

namespace anomaly {

/// What came out for one series, held against its labels.
struct SeriesFindings {
  std::string name;
  const DataSeries* labels = nullptr;                ///< Null: not in the data set.
  const std::vector<ScoredPoint>* points = nullptr;  ///< In the order of the topic.
  std::size_t anomalies = 0;
  std::vector<const Alert*> alerts;   ///< By start.
  std::size_t alerts_in_windows = 0;  ///< Alerts that touch a labelled window.
  std::size_t windows_found = 0;      ///< Labelled windows that an alert touches.

  [[nodiscard]] std::size_t windows() const {
    return labels == nullptr ? 0 : labels->windows.size();
  }
};

/// The findings of all series, by name. **Lifetime**: views of both arguments.
std::vector<SeriesFindings> collect_findings(const DataSet& data, const Results& results);

/// Whether an alert touches a labelled window of its series.
bool is_labelled(const Alert& alert, const DataSet& data);

}  // namespace anomaly
