#include "punctuations.h"

#include <algorithm>
#include <utility>

namespace millstream {

std::shared_ptr<Cancellable> Punctuations::schedule(Timestamp first, Duration interval,
                                                    Punctuator punctuator) {
  auto schedule = std::make_shared<Schedule>();
  schedule->number = next_number_++;
  const auto before = due_before_.find(schedule->number);
  schedule->due = before != due_before_.end() ? before->second : first;
  schedule->interval = interval;
  schedule->punctuator = std::move(punctuator);
  push(schedule);
  return schedule;
}

// A binary heap that breaks ties as java.util.PriorityQueue does: schedules that are due at the
// same time fire in the order that its sifting gives, and tests of Kafka Streams show it.

void Punctuations::push(std::shared_ptr<Schedule> schedule) {
  std::size_t at = schedules_.size();
  schedules_.push_back(nullptr);
  while (at > 0) {
    const std::size_t parent = (at - 1) / 2;
    if (schedule->due >= schedules_[parent]->due) break;
    schedules_[at] = std::move(schedules_[parent]);
    at = parent;
  }
  schedules_[at] = std::move(schedule);
}

std::shared_ptr<Punctuations::Schedule> Punctuations::pop() {
  auto first = std::move(schedules_.front());
  auto last = std::move(schedules_.back());
  schedules_.pop_back();
  if (schedules_.empty()) return first;
  std::size_t at = 0;
  while (at < schedules_.size() / 2) {
    std::size_t child = 2 * at + 1;
    if (child + 1 < schedules_.size() && schedules_[child]->due > schedules_[child + 1]->due) {
      ++child;
    }
    if (last->due <= schedules_[child]->due) break;
    schedules_[at] = std::move(schedules_[child]);
    at = child;
  }
  schedules_[at] = std::move(last);
  return first;
}

bool Punctuations::punctuate(Timestamp now) {
  bool fired = false;
  while (!schedules_.empty() && schedules_.front()->due <= now) {
    const auto schedule = pop();
    if (schedule->cancelled) continue;
    const std::int64_t interval = schedule->interval.count();
    const std::int64_t missed = (now - schedule->due).count() / interval;
    schedule->due = schedule->due + Duration((missed + 1) * interval);
    try {
      schedule->punctuator(now);
    } catch (...) {
      push(schedule);
      throw;
    }
    fired = true;
    if (!schedule->cancelled) push(schedule);
  }
  return fired;
}

void Punctuations::start_over() {
  due_before_.clear();
  for (const auto& schedule : schedules_) due_before_[schedule->number] = schedule->due;
  schedules_.clear();
  next_number_ = 0;
}

std::optional<Timestamp> Punctuations::next() const {
  std::optional<Timestamp> next;
  for (const auto& schedule : schedules_) {
    if (!schedule->cancelled && (!next || schedule->due < *next)) next = schedule->due;
  }
  return next;
}

}  // namespace millstream
