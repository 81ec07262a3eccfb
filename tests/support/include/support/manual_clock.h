#pragma once

#include <millstream/core/time.h>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace millstream::testing {

/// Time that passes when the test says so.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override { return Timestamp(now_ms_); }
  [[nodiscard]] std::chrono::nanoseconds monotonic() const override {
    return std::chrono::milliseconds(now_ms_);
  }
  void advance(Duration by) { now_ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_ms_ = 1'700'000'000'000;
};

}  // namespace millstream::testing
