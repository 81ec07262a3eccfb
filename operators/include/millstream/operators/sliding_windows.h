#pragma once

#include <millstream/core/time.h>

namespace millstream {

/// Windows around the records themselves: for each record time t the window `[t - difference, t]`,
/// and
/// `[t + 1, t + 1 + difference]` once later records fall into it; both ends are inclusive. Each set
/// of records that are at most the difference apart has one window. **Units**: milliseconds.
/// **Source**: SlidingWindows of Kafka Streams.
class SlidingWindows {
 public:
  /// Windows whose records may come as late as `grace` behind stream time.
  static constexpr SlidingWindows of_time_difference_and_grace(Duration difference,
                                                               Duration grace) {
    return {difference, grace};
  }
  static constexpr SlidingWindows of_time_difference_with_no_grace(Duration difference) {
    return {difference, Duration(0)};
  }

  [[nodiscard]] constexpr Duration time_difference() const { return difference_; }
  [[nodiscard]] constexpr Duration size() const { return difference_; }
  [[nodiscard]] constexpr Duration grace() const { return grace_; }
  /// How long windows must be kept: the right window of a record's neighbour begins up to twice the
  /// difference before the record.
  [[nodiscard]] constexpr Duration needed_retention() const {
    return (Timestamp(0) + difference_ + difference_ + grace_) - Timestamp(0);
  }
  /// Null if the sizes make sense, else what is wrong.
  [[nodiscard]] constexpr const char* fault() const {
    if (difference_.count() < 0) return "a window's time difference can't be negative";
    return grace_.count() < 0 ? "a grace period can't be negative" : nullptr;
  }

 private:
  constexpr SlidingWindows(Duration difference, Duration grace)
      : difference_(difference), grace_(grace) {}

  Duration difference_;
  Duration grace_;
};

}  // namespace millstream
