#include "incident.h"

#include <algorithm>

#include "sha256.h"

namespace anomaly {

namespace {

constexpr std::size_t kIdDigits = 16;

/// Whether a peak goes before another: higher, or as high and earlier.
bool is_higher(double score, std::int64_t time, const Alert& than) {
  if (than.count == 0) return true;
  if (score != than.peak_score) return score > than.peak_score;
  return time < than.peak_ms;
}

std::string incident_id(const std::string& series, std::int64_t start_ms) {
  Sha256 digest;
  digest.add_text(series);
  digest.add_number(start_ms);
  return digest.hex().substr(0, kIdDigits);
}

}  // namespace

Alert add_to_incident(const Score& score, Alert incident) {
  const bool first = incident.count == 0;
  if (is_higher(score.score, score.timestamp_ms, incident)) {
    incident.peak_ms = score.timestamp_ms;
    incident.peak_score = score.score;
    incident.peak_value = score.value;
    incident.peak_expected = score.expected;
    incident.threshold = score.threshold;
    incident.model_version = score.model_version;
    incident.contributions = score.contributions;
  }
  incident.series = score.series;
  incident.start_ms = first ? score.timestamp_ms : std::min(incident.start_ms, score.timestamp_ms);
  incident.end_ms = first ? score.timestamp_ms : std::max(incident.end_ms, score.timestamp_ms);
  incident.produced_at_ms = std::max(incident.produced_at_ms, score.produced_at_ms);
  ++incident.count;
  return incident;
}

Alert merge_incidents(const Alert& a, const Alert& b) {
  if (a.count == 0) return b;
  if (b.count == 0) return a;
  Alert merged = is_higher(b.peak_score, b.peak_ms, a) ? b : a;
  merged.start_ms = std::min(a.start_ms, b.start_ms);
  merged.end_ms = std::max(a.end_ms, b.end_ms);
  merged.count = a.count + b.count;
  merged.produced_at_ms = std::max(a.produced_at_ms, b.produced_at_ms);
  return merged;
}

Alert finish_incident(const std::string& series, const millstream::Window& session,
                      Alert incident) {
  incident.series = series;
  incident.start_ms = session.start.ms();
  incident.end_ms = session.end.ms();
  incident.id = incident_id(series, incident.start_ms);
  return incident;
}

}  // namespace anomaly
