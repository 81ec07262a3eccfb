#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/time.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "messages.h"

namespace anomaly {

/// One score, as the report and the digest need it.
struct ScoredPoint {
  std::int64_t timestamp_ms = 0;
  double value = 0;
  double score = 0;
  bool anomaly = false;
};

/// What is in the committed topics.
struct Results {
  std::map<std::string, std::vector<ScoredPoint>, std::less<>> series;
  std::uint64_t scores = 0;
  std::vector<Score> anomalies;
  std::vector<Alert> alerts;
  std::uint64_t dead_letters = 0;
  double threshold = 0;
  std::string model_version;

  void add(const Score& score);
};

/// End-to-end latencies, exact to a millisecond up to a minute. **Units**: milliseconds.
class Latencies {
 public:
  void add(std::int64_t milliseconds);
  /// The latency that the fraction `q` of the records didn't exceed; nothing without records.
  [[nodiscard]] std::optional<double> quantile(double q) const;

 private:
  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(60'001);
  std::uint64_t total_ = 0;
};

/// All scores as lines `series,timestamp,score`, sorted by bytes, each ended by a line feed: the
/// timestamp in milliseconds since 1970, the score as the shortest decimal number that reads back
/// as the same double (as std::to_chars and Python's repr write it).
std::string score_lines(const Results& results);

/// SHA-256 of score_lines, in hexadecimal digits.
std::string digest_of_lines(const std::string& lines);

}  // namespace anomaly
