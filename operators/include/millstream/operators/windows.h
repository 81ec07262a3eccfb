#pragma once

#include <millstream/core/time.h>
#include <millstream/core/windowed.h>

#include <algorithm>
#include <concepts>
#include <cstdint>

namespace millstream {

/// When a windowed aggregation puts out its results. **Source**: EmitStrategy of Kafka Streams.
enum class EmitStrategy {
  kOnWindowUpdate,  ///< With each record.
  kOnWindowClose,   ///< Once, when the window is closed: its end is a grace behind stream time.
};

/// Windows of a fixed size, aligned to the epoch: `[start, end)`. Tumbling, or hopping where they
/// advance by less than their size. **Units**: milliseconds. **Source**: TimeWindows.
class TimeWindows {
 public:
  /// Windows whose records may come as late as `grace` behind stream time.
  static constexpr TimeWindows of_size_and_grace(Duration size, Duration grace) {
    return {size, size, grace};
  }
  static constexpr TimeWindows of_size_with_no_grace(Duration size) {
    return {size, size, Duration(0)};
  }
  /// The same windows, one beginning every `advance`.
  [[nodiscard]] constexpr TimeWindows advance_by(Duration advance) const {
    return {size_, advance, grace_};
  }

  [[nodiscard]] constexpr Duration size() const { return size_; }
  [[nodiscard]] constexpr Duration advance() const { return advance_; }
  [[nodiscard]] constexpr Duration grace() const { return grace_; }
  /// How long windows must be kept, as far as that can be counted.
  [[nodiscard]] constexpr Duration needed_retention() const {
    return (Timestamp(0) + size_ + grace_) - Timestamp(0);
  }
  /// Null if the sizes make sense, else what is wrong.
  [[nodiscard]] constexpr const char* fault() const {
    if (size_.count() <= 0) return "a window's size must be above 0 ms";
    if (advance_.count() <= 0 || advance_ > size_) {
      return "windows must advance by more than 0 ms, and by no more than their size";
    }
    return grace_.count() < 0 ? "a grace period can't be negative" : nullptr;
  }

  /// Call `visit(window)` for each window that a timestamp falls into, by ascending start.
  template <std::invocable<Window> Visit>
  void for_each_window(Timestamp timestamp, Visit visit) const {
    const std::int64_t advance = advance_.count();
    const std::int64_t first = std::max<std::int64_t>(0, timestamp.ms() - size_.count() + advance);
    for (Timestamp start(first / advance * advance); start <= timestamp; start = start + advance_) {
      visit(Window{start, start + size_});
    }
  }

 private:
  constexpr TimeWindows(Duration size, Duration advance, Duration grace)
      : size_(size), advance_(advance), grace_(grace) {}

  Duration size_;
  Duration advance_;
  Duration grace_;
};

/// One window that never ends. Records before its start are dropped.
/// **Source**: UnlimitedWindows.
class UnlimitedWindows {
 public:
  static constexpr UnlimitedWindows of() { return UnlimitedWindows(Timestamp(0)); }
  [[nodiscard]] constexpr UnlimitedWindows start_on(Timestamp start) const {
    return UnlimitedWindows(start);
  }

  [[nodiscard]] constexpr Duration size() const { return Duration::max(); }
  [[nodiscard]] constexpr Duration grace() const { return Duration(0); }
  [[nodiscard]] constexpr Duration needed_retention() const { return Duration::max(); }
  [[nodiscard]] constexpr const char* fault() const {
    return start_.is_valid() ? nullptr : "a window can't start before the epoch";
  }
  template <std::invocable<Window> Visit>
  void for_each_window(Timestamp timestamp, Visit visit) const {
    if (timestamp >= start_) visit(Window{start_, Timestamp::max()});
  }

 private:
  constexpr explicit UnlimitedWindows(Timestamp start) : start_(start) {}

  Timestamp start_;
};

/// What divides time into windows that are known beforehand: TimeWindows, UnlimitedWindows, or your
/// own.
template <class W>
concept TimeWindowing = requires(const W& windows, Timestamp timestamp, void (*visit)(Window)) {
  { windows.size() } -> std::same_as<Duration>;
  { windows.grace() } -> std::same_as<Duration>;
  { windows.needed_retention() } -> std::same_as<Duration>;
  { windows.fault() } -> std::convertible_to<const char*>;
  windows.for_each_window(timestamp, visit);
};

}  // namespace millstream
