#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "messages.h"

namespace anomaly {

/// One point of a series as pages draw it.
struct SeriesPoint {
  std::int64_t timestamp_ms = 0;
  double value = 0;
  double score = 0;
  bool anomaly = false;
};

/// What became of an incident.
enum class IncidentFate {
  kOpen,     ///< More of it may come.
  kAlerted,  ///< It is over, and its alert is in the topic.
  kMailed,   ///< A mail with it went out of this process.
};
[[nodiscard]] std::string_view to_string(IncidentFate fate);

/// Anomalies of a series that lie near each other, with the points around them.
struct SeenIncident {
  std::uint64_t id = 0;       ///< Counts up from 1 in this process.
  std::uint64_t changed = 0;  ///< Grows with every change of any incident.
  std::string series;
  std::string alert_id;  ///< Empty before its alert has come.
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  std::int64_t count = 0;
  Score peak;
  std::vector<SeriesPoint> points;
  IncidentFate fate = IncidentFate::kOpen;
  std::int64_t seen_ms = 0;  ///< When it was last added to, by the wall clock.
};

/// The latest of what the service has found, bounded: for pages, not for anything that must be
/// complete. Takes committed results in any order that the topics have. **Thread**: any.
class RecentResults {
 public:
  struct Limits {
    std::size_t incidents = 200;
    std::size_t alerts = 200;
    std::size_t series = 2000;
    std::size_t points = 240;          ///< A series.
    std::size_t before = 48;           ///< Points drawn before an incident's first anomaly.
    std::size_t incident_points = 96;  ///< Points of an incident at most.
  };
  struct SeenAlert {
    Alert alert;
    bool mailed = false;
    std::int64_t seen_ms = 0;
  };

  /// Anomalies no further apart than `gap_ms` are one incident.
  RecentResults(std::int64_t gap_ms, Limits limits) : gap_ms_(gap_ms), limits_(limits) {}
  explicit RecentResults(std::int64_t gap_ms) : RecentResults(gap_ms, Limits()) {}

  /// From the topic of scores; anomalies among them count.
  void add_score(const Score& score, std::int64_t now_ms);
  /// From the topic of anomalies: what add_score has had already is passed over.
  void add_anomaly(const Score& score, std::int64_t now_ms);
  void add_alert(const Alert& alert, std::int64_t now_ms);
  /// A mail with these alerts went out.
  void note_mailed(const std::vector<std::string>& alert_ids);

  /// Incidents changed after `changed`, the latest first; of one series unless that is empty.
  [[nodiscard]] std::vector<SeenIncident> incidents(std::size_t limit, std::string_view series = {},
                                                    std::uint64_t changed = 0) const;
  [[nodiscard]] std::vector<SeenAlert> alerts(std::size_t limit) const;
  [[nodiscard]] std::vector<std::string> series() const;
  /// The latest points of a series, oldest first; none if it isn't known.
  [[nodiscard]] std::vector<SeriesPoint> points(std::string_view series) const;
  /// Grows whenever something is added.
  [[nodiscard]] std::uint64_t version() const;

 private:
  struct Series {
    std::deque<SeriesPoint> points;
    std::uint64_t incident = 0;  ///< The one that takes what comes next; 0: none.
  };
  SeenIncident& incident_for(const Score& score, Series& series);
  SeenIncident* find(std::uint64_t id);
  SeenIncident* covering(const std::string& series, std::int64_t from_ms, std::int64_t to_ms);
  void extend(SeenIncident& incident, const Score& score, std::int64_t now_ms);
  Series* series_of(const std::string& name);
  void settle(SeenIncident& incident, const SeenAlert& alert);

  std::int64_t gap_ms_;
  Limits limits_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, Series, std::less<>> series_;
  std::deque<SeenIncident> incidents_;  // oldest first
  std::deque<SeenAlert> alerts_;        // oldest first
  std::uint64_t next_id_ = 1;
  std::uint64_t version_ = 0;
};

}  // namespace anomaly
