#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include <millstream/core/time.h>

namespace millstream::embedded {

/// Wakes one waiting thread. Cleared before one looks for work, so that what comes while one looks
/// isn't missed. **Thread**: raised by any, waited for by one.
class Signal {
 public:
  using Deadline = std::chrono::steady_clock::time_point;
  /// The end of a wait that begins now, however long it is meant to be.
  static Deadline after(Duration timeout) {
    constexpr Duration kLongest = std::chrono::hours(24);
    return std::chrono::steady_clock::now() + std::clamp(timeout, Duration(0), kLongest);
  }

  void raise() {
    const std::scoped_lock lock(mutex_);
    if (raised_) return;
    raised_ = true;
    condition_.notify_one();
  }
  void clear() {
    const std::scoped_lock lock(mutex_);
    raised_ = false;
  }
  /// Wait until it is raised; false when the deadline came first.
  bool wait_until(Deadline deadline) {
    std::unique_lock lock(mutex_);
    return condition_.wait_until(lock, deadline, [this] { return raised_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool raised_ = false;
};

}  // namespace millstream::embedded
