#pragma once

#include <millstream/core/time.h>

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "alert_notice.h"
#include "alert_options.h"

namespace anomaly {

/// Alerts that shall go into one mail.
struct AlertBatch {
  std::string group;  ///< The group's values in words; empty when groups were put together.
  std::vector<AlertNotice> alerts;
};

/// Decides which alerts are mailed together and when. All time comes from outside.
/// **Thread**: one. **Source**: Alertmanager's dispatch and notify packages. Differences: alerts
/// here are bursts that have an end, so nothing "resolves", and `repeat_interval` is for those that
/// grew.
class AlertBatcher {
 public:
  explicit AlertBatcher(AlertOptions options) : options_(std::move(options)) {}

  enum class Accepted {
    kNew,
    kGrown,      ///< Known, and more of it: mailed again, but not before repeat_interval.
    kDuplicate,  ///< Known as it is: dropped.
    kTooLow,     ///< Below min_score: dropped.
  };
  Accepted add(AlertNotice notice, millstream::Timestamp now);

  /// The next batch that is due, if one is.
  [[nodiscard]] std::optional<AlertBatch> take_due(millstream::Timestamp now);
  /// When the next batch is due; Timestamp::max() if nothing waits.
  [[nodiscard]] millstream::Timestamp next_due() const;
  /// Alerts that wait.
  [[nodiscard]] std::size_t waiting() const;

  /// Everything that later decisions depend on.
  struct Waiting {
    AlertNotice notice;
    millstream::Timestamp not_before;
  };
  struct Group {
    std::string name;
    std::map<std::string, Waiting> waiting;  ///< By alert id.
    millstream::Timestamp opens;             ///< Not before this.
    millstream::Timestamp last_batch = millstream::Timestamp::none();
  };
  struct Told {
    millstream::Timestamp when;
    millstream::Timestamp end;
    std::int64_t count = 0;
    double peak_score = 0;
  };
  struct State {
    std::map<std::string, Group> groups;
    std::map<std::string, Told> told;           ///< By alert id.
    std::deque<millstream::Timestamp> batches;  ///< Times of the last hour's.
  };
  [[nodiscard]] const State& state() const { return state_; }
  void restore(State state) { state_ = std::move(state); }

 private:
  [[nodiscard]] std::vector<std::string> group_values(const AlertNotice& notice) const;
  [[nodiscard]] millstream::Timestamp due(const Group& group) const;
  [[nodiscard]] millstream::Timestamp allowed_from() const;
  void put(AlertNotice notice, millstream::Timestamp not_before, millstream::Timestamp now);
  void take_from(Group& group, AlertBatch& batch, millstream::Timestamp now);
  void forget_old(millstream::Timestamp now);
  void forget_told(millstream::Timestamp now);

  AlertOptions options_;
  State state_;
};

}  // namespace anomaly
