#include "alert_source.h"

#include <algorithm>

namespace anomaly {

using millstream::Duration;
using millstream::Timestamp;

namespace {

constexpr Duration kBefore{6 * 3'600'000};
constexpr Duration kBehind{3'600'000};
constexpr Duration kMostBefore{48 * 3'600'000};

}  // namespace

PlotSpan::PlotSpan(const Alert& alert)
    : from(Timestamp(alert.start_ms) -
           std::clamp(Duration(alert.end_ms - alert.start_ms), kBefore, kMostBefore)),
      to(Timestamp(alert.end_ms) + kBehind) {}

}  // namespace anomaly
