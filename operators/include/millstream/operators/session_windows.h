#pragma once

#include <millstream/core/time.h>

namespace millstream {

/// Windows of activity: records of a key that are at most a gap apart share a session, which
/// reaches from the first to the last of them, both inclusive. **Units**: milliseconds.
/// **Source**: SessionWindows of Kafka Streams.
class SessionWindows {
 public:
  /// Sessions whose records may come as late as `grace` behind stream time.
  static constexpr SessionWindows of_inactivity_gap_and_grace(Duration gap, Duration grace) {
    return {gap, grace};
  }
  static constexpr SessionWindows of_inactivity_gap_with_no_grace(Duration gap) {
    return {gap, Duration(0)};
  }

  /// The same sessions, of which those that the store's retention has passed when they close are
  /// lost to emission on close, as in Kafka Streams 4.1: with an in-memory store and the default
  /// retention nearly all. For comparing the two; without it none is lost.
  [[nodiscard]] constexpr SessionWindows losing_expired() const {
    SessionWindows other = *this;
    other.loses_expired_ = true;
    return other;
  }

  [[nodiscard]] constexpr bool loses_expired() const { return loses_expired_; }
  [[nodiscard]] constexpr Duration inactivity_gap() const { return gap_; }
  [[nodiscard]] constexpr Duration grace() const { return grace_; }
  /// How far a session's end is behind stream time when nothing can join it any more.
  [[nodiscard]] constexpr Duration closing_delay() const {
    return (Timestamp(0) + gap_ + grace_) - Timestamp(0);
  }
  /// Null if the sizes make sense, else what is wrong.
  [[nodiscard]] constexpr const char* fault() const {
    if (gap_.count() <= 0) return "a session's inactivity gap must be above 0 ms";
    return grace_.count() < 0 ? "a grace period can't be negative" : nullptr;
  }

 private:
  constexpr SessionWindows(Duration gap, Duration grace) : gap_(gap), grace_(grace) {}

  Duration gap_;
  Duration grace_;
  bool loses_expired_ = false;
};

}  // namespace millstream
