#include "latency_runs.h"

#include <algorithm>

namespace millstream {

namespace {

constexpr std::size_t kMostRuns = 4096;

}  // namespace

void LatencyRuns::add(Timestamp created) {
  if (runs_.size() >= kMostRuns) {
    // Each pair becomes one, as old as its older half; what follows is counted more coarsely.
    for (std::size_t i = 0; i < runs_.size() / 2; ++i) {
      const Run& a = runs_[2 * i];
      const Run& b = runs_[2 * i + 1];
      runs_[i] = {std::min(a.created, b.created), a.records + b.records};
    }
    runs_.resize(runs_.size() / 2);
    resolution_ = std::max(resolution_ * 2, Duration(1));
  }
  runs_.push_back({created, 1});
}

void LatencyRuns::submit() {
  submitted_.swap(runs_);
  clear();
}

void LatencyRuns::observe(Timestamp now, Histogram& seconds) {
  for (const Run& run : submitted_) {
    const double age = static_cast<double>(now.ms() - run.created.ms()) / 1000;
    seconds.observe(std::max(age, 0.0), run.records);
  }
  submitted_.clear();
}

void LatencyRuns::clear() {
  runs_.clear();
  resolution_ = Duration(0);
}

}  // namespace millstream
