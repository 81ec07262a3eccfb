#include "punctuations.h"

#include <algorithm>
#include <utility>

namespace millstream {

std::shared_ptr<Cancellable> Punctuations::schedule(Timestamp first, Duration interval,
                                                    Punctuator punctuator) {
  auto schedule = std::make_shared<Schedule>();
  schedule->due = first;
  schedule->interval = interval;
  schedule->punctuator = std::move(punctuator);
  schedules_.push_back(schedule);
  return schedule;
}

std::shared_ptr<Punctuations::Schedule> Punctuations::take_due(Timestamp now) {
  schedules_.remove_if([](const auto& s) { return s->cancelled; });
  const auto earliest =
      std::min_element(schedules_.begin(), schedules_.end(),
                       [](const auto& a, const auto& b) { return a->due < b->due; });
  if (earliest == schedules_.end() || (*earliest)->due > now) return nullptr;
  return *earliest;
}

bool Punctuations::punctuate(Timestamp now) {
  bool fired = false;
  while (const auto schedule = take_due(now)) {
    const std::int64_t interval = schedule->interval.count();
    const std::int64_t missed = (now - schedule->due).count() / interval;
    schedule->due = schedule->due + Duration((missed + 1) * interval);
    schedule->punctuator(now);
    fired = true;
  }
  return fired;
}

std::optional<Timestamp> Punctuations::next() const {
  std::optional<Timestamp> next;
  for (const auto& schedule : schedules_) {
    if (!schedule->cancelled && (!next || schedule->due < *next)) next = schedule->due;
  }
  return next;
}

}  // namespace millstream
