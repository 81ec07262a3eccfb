#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace millstream::testing {

/// Wait until a condition holds: for what happens in other threads or processes. False when it did
/// not in time.
inline bool eventually(const std::function<bool()>& condition,
                       std::chrono::milliseconds deadline = std::chrono::seconds(30)) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace millstream::testing
