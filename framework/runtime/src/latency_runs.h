#pragma once

#include <millstream/core/metrics.h>
#include <millstream/core/time.h>

#include <cstdint>
#include <vector>

namespace millstream {

/// Timestamps of records that are processed and not yet committed, for their end-to-end latency.
/// Neighbours that are equal count as one, and when there are many, those that are close: the
/// memory is bounded, a record costs an increment. **Thread**: the task's.
class LatencyRuns {
 public:
  void note(Timestamp created) {
    if (!runs_.empty() && created - runs_.back().created <= resolution_ &&
        runs_.back().created - created <= resolution_) {
      ++runs_.back().records;
    } else {
      add(created);
    }
  }
  /// What was noted so far belongs to a commit that is under way.
  void submit();
  /// The submitted records are visible to others now: observe how old they are, and forget them.
  void observe(Timestamp now, Histogram& seconds);
  void clear();

 private:
  struct Run {
    Timestamp created;
    std::uint64_t records = 0;
  };
  void add(Timestamp created);

  std::vector<Run> runs_;
  std::vector<Run> submitted_;
  Duration resolution_{0};
};

}  // namespace millstream
