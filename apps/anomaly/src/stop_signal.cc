#include "stop_signal.h"

#include <ctime>

namespace anomaly {

StopSignal::StopSignal() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

StopSignal::~StopSignal() { pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr); }

bool StopSignal::is_raised() {
  if (raised_) return true;
  const timespec no_time{};
  raised_ = sigtimedwait(&signals_, nullptr, &no_time) > 0;
  if (raised_) pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
  return raised_;
}

}  // namespace anomaly
