#include "findings.h"

#include <algorithm>

namespace anomaly {

using millstream::forest::RowWindow;

namespace {

bool touches(const Alert& alert, const DataSeries& series, const RowWindow& window) {
  return alert.start_ms <= series.points[window.last].timestamp_ms &&
         series.points[window.first].timestamp_ms <= alert.end_ms;
}

bool touches_any(const Alert& alert, const DataSeries& series) {
  return std::any_of(series.windows.begin(), series.windows.end(),
                     [&](const RowWindow& window) { return touches(alert, series, window); });
}

void compare_with_labels(SeriesFindings& findings) {
  if (findings.labels == nullptr) return;
  const DataSeries& labels = *findings.labels;
  const auto& alerts = findings.alerts;
  findings.alerts_in_windows =
      static_cast<std::size_t>(std::count_if(alerts.begin(), alerts.end(), [&](const Alert* alert) {
        return touches_any(*alert, labels);
      }));
  findings.windows_found = static_cast<std::size_t>(
      std::count_if(labels.windows.begin(), labels.windows.end(), [&](const RowWindow& window) {
        return std::any_of(alerts.begin(), alerts.end(),
                           [&](const Alert* alert) { return touches(*alert, labels, window); });
      }));
}

}  // namespace

std::vector<SeriesFindings> collect_findings(const DataSet& data, const Results& results) {
  std::vector<SeriesFindings> all;
  for (const auto& [name, points] : results.series) {
    SeriesFindings findings{.name = name, .labels = data.find(name), .points = &points};
    findings.anomalies = static_cast<std::size_t>(std::count_if(
        points.begin(), points.end(), [](const ScoredPoint& point) { return point.anomaly; }));
    for (const Alert& alert : results.alerts) {
      if (alert.series == name) findings.alerts.push_back(&alert);
    }
    std::sort(findings.alerts.begin(), findings.alerts.end(),
              [](const Alert* a, const Alert* b) { return a->start_ms < b->start_ms; });
    compare_with_labels(findings);
    all.push_back(std::move(findings));
  }
  return all;
}

bool is_labelled(const Alert& alert, const DataSet& data) {
  const DataSeries* series = data.find(alert.series);
  return series != nullptr && touches_any(alert, *series);
}

}  // namespace anomaly
