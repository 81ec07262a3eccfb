#pragma once

#include <csignal>

namespace anomaly {

/// SIGINT and SIGTERM as a question instead of an interruption. After the first one has been seen,
/// a second one ends the process at once. Make it in `main`, before any other thread.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// Whether one has arrived. **Thread**: one.
  [[nodiscard]] bool is_raised();

 private:
  sigset_t signals_{};
  bool raised_ = false;
};

}  // namespace anomaly
