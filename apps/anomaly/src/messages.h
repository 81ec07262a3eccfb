#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace anomaly {

/// One measurement of one series; proto/anomaly.proto says what the fields mean.
struct Metric {
  std::string series;
  std::int64_t timestamp_ms = 0;
  double value = 0;
  std::int64_t produced_at_ms = 0;

  bool operator==(const Metric&) const = default;
};

/// What one feature did to a score, what it was, and what was expected.
struct Contribution {
  std::string feature;
  double amount = 0;
  double value = 0;
  double expected = 0;

  bool operator==(const Contribution&) const = default;
};

/// A measurement and what the model says of it.
struct Score {
  std::string series;
  std::int64_t timestamp_ms = 0;
  double value = 0;
  double score = 0;
  double threshold = 0;
  bool anomaly = false;
  std::string model_version;
  double expected = 0;
  std::vector<Contribution> contributions;
  std::int64_t produced_at_ms = 0;

  bool operator==(const Score&) const = default;
};

/// The anomalies of a series that lie near each other in time, as one incident.
struct Alert {
  std::string id;
  std::string series;
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  std::int64_t peak_ms = 0;
  double peak_score = 0;
  double peak_value = 0;
  double peak_expected = 0;
  std::int64_t count = 0;
  double threshold = 0;
  std::string model_version;
  std::vector<Contribution> contributions;
  std::int64_t produced_at_ms = 0;

  bool operator==(const Alert&) const = default;
};

}  // namespace anomaly
