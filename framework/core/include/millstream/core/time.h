#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>

namespace millstream {

/// A span of event or wall-clock time. **Units**: milliseconds, as everywhere in Kafka.
using Duration = std::chrono::milliseconds;

/// A point of event or wall-clock time. **Units**: milliseconds since the Unix epoch. Kafka calls a
/// record without one "no timestamp" and writes -1; any negative value is invalid.
class Timestamp {
 public:
  constexpr Timestamp() = default;
  constexpr explicit Timestamp(std::int64_t milliseconds) : ms_(milliseconds) {}

  /// No timestamp at all (-1).
  static constexpr Timestamp none() { return Timestamp(-1); }
  static constexpr Timestamp max() { return Timestamp(std::numeric_limits<std::int64_t>::max()); }
  static constexpr Timestamp min() { return Timestamp(std::numeric_limits<std::int64_t>::min()); }

  [[nodiscard]] constexpr std::int64_t ms() const { return ms_; }
  [[nodiscard]] constexpr bool is_valid() const { return ms_ >= 0; }

  friend constexpr auto operator<=>(Timestamp, Timestamp) = default;

  /// Sums saturate instead of overflowing, so that unlimited windows and graces need no special
  /// case.
  friend constexpr Timestamp operator+(Timestamp t, Duration d) {
    std::int64_t sum = 0;
    if (!__builtin_add_overflow(t.ms_, d.count(), &sum)) return Timestamp(sum);
    return d.count() > 0 ? max() : min();
  }
  friend constexpr Timestamp operator-(Timestamp t, Duration d) {
    std::int64_t difference = 0;
    if (!__builtin_sub_overflow(t.ms_, d.count(), &difference)) return Timestamp(difference);
    return d.count() > 0 ? min() : max();
  }
  friend constexpr Duration operator-(Timestamp a, Timestamp b) { return Duration(a.ms_ - b.ms_); }

 private:
  std::int64_t ms_ = -1;
};

/// Wall-clock and monotonic time from outside, so that a test or a simulator can own it.
/// Thread: implementations are called from every thread.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall-clock time.
  [[nodiscard]] virtual Timestamp now() const = 0;
  /// Time that never goes back, for measuring. **Units**: nanoseconds since an arbitrary point.
  [[nodiscard]] virtual std::chrono::nanoseconds monotonic() const = 0;
};

/// The machine's own clock: for `main()`, handed down from there.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override;
  [[nodiscard]] std::chrono::nanoseconds monotonic() const override;
};

}  // namespace millstream
