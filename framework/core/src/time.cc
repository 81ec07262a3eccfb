#include <millstream/core/time.h>

namespace millstream {

Timestamp SystemClock::now() const {
  using std::chrono::duration_cast;
  return Timestamp(
      duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()).count());
}

std::chrono::nanoseconds SystemClock::monotonic() const {
  return std::chrono::steady_clock::now().time_since_epoch();
}

}  // namespace millstream
