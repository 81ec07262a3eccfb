#pragma once

#include <millstream/core/time.h>

#include <algorithm>

namespace millstream {

/// How far apart in time records of two streams may be to be joined: a left record of time t joins
/// right records of `[t - before, t + after]`, both inclusive. Records that come later than `grace`
/// after their window has ended may miss their partners. **Units**: milliseconds. **Source**:
/// JoinWindows.
class JoinWindows {
 public:
  static constexpr JoinWindows of_time_difference_and_grace(Duration difference, Duration grace) {
    return {difference, difference, grace};
  }
  static constexpr JoinWindows of_time_difference_with_no_grace(Duration difference) {
    return {difference, difference, Duration(0)};
  }
  /// The same windows, with right records up to `before` earlier than left ones.
  [[nodiscard]] constexpr JoinWindows before(Duration before) const {
    return {before, after_, grace_};
  }
  /// The same windows, with right records up to `after` later than left ones.
  [[nodiscard]] constexpr JoinWindows after(Duration after) const {
    return {before_, after, grace_};
  }

  [[nodiscard]] constexpr Duration before() const { return before_; }
  [[nodiscard]] constexpr Duration after() const { return after_; }
  [[nodiscard]] constexpr Duration grace() const { return grace_; }
  [[nodiscard]] constexpr Duration size() const { return before_ + after_; }
  /// The same windows as a right record sees them.
  [[nodiscard]] constexpr JoinWindows reversed() const { return {after_, before_, grace_}; }
  /// Null if the sizes make sense, else what is wrong.
  [[nodiscard]] constexpr const char* fault() const {
    if (before_ + after_ < Duration(0)) return "a join window can't end before it starts";
    return grace_ < Duration(0) ? "a grace period can't be negative" : nullptr;
  }

 private:
  constexpr JoinWindows(Duration before, Duration after, Duration grace)
      : before_(before), after_(after), grace_(grace) {}

  Duration before_;
  Duration after_;
  Duration grace_;
};

}  // namespace millstream
