#pragma once

#include <millstream/core/time.h>

#include <algorithm>
#include <chrono>
#include <limits>

namespace millstream::kafka {

/// A time-out as librdkafka takes it. **Units**: milliseconds; negative waits are none.
inline int timeout_ms(Duration timeout) {
  const auto longest = static_cast<Duration::rep>(std::numeric_limits<int>::max());
  return static_cast<int>(std::clamp<Duration::rep>(timeout.count(), 0, longest));
}

/// The end of somebody's patience.
class Deadline {
 public:
  Deadline(const Clock& clock, Duration patience)
      : clock_(clock), end_(clock.monotonic() + patience) {}

  [[nodiscard]] bool passed() const { return clock_.monotonic() >= end_; }
  [[nodiscard]] Duration remaining() const {
    const auto rest = std::chrono::ceil<Duration>(end_ - clock_.monotonic());
    return std::max(rest, Duration(0));
  }
  [[nodiscard]] int remaining_ms() const { return timeout_ms(remaining()); }

 private:
  const Clock& clock_;
  std::chrono::nanoseconds end_;
};

}  // namespace millstream::kafka
