#pragma once

#include <millstream/core/time.h>
#include <millstream/topology/task_context.h>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace millstream {

/// The scheduled punctuations of one task by one clock. **Thread**: the task's.
/// **Source**: PunctuationQueue of Kafka Streams: each due schedule fires once, missed intervals
/// are skipped, a schedule may be cancelled or made from inside a punctuation.
class Punctuations {
 public:
  std::shared_ptr<Cancellable> schedule(Timestamp first, Duration interval, Punctuator punctuator);
  /// Whether `punctuate` has something to do. Asked after each record.
  [[nodiscard]] bool is_due(Timestamp now) const {
    return !schedules_.empty() && schedules_.front()->due <= now;
  }
  /// Fire everything due at `now`. True if anything fired.
  bool punctuate(Timestamp now);
  [[nodiscard]] std::optional<Timestamp> next() const;
  /// Forget all schedules; those that are made next, in the order of the old ones, are due when
  /// these would have been: a punctuation isn't put off for ever by tasks that start over.
  void start_over();
  void clear() { schedules_.clear(); }

 private:
  struct Schedule final : Cancellable {
    Timestamp due;
    Duration interval{};
    Punctuator punctuator;
    std::size_t number = 0;
    bool cancelled = false;
    void cancel() override { cancelled = true; }
  };
  void push(std::shared_ptr<Schedule> schedule);
  std::shared_ptr<Schedule> pop();

  std::vector<std::shared_ptr<Schedule>> schedules_;  // a heap by due time
  std::size_t next_number_ = 0;
  std::map<std::size_t, Timestamp> due_before_;
};

}  // namespace millstream
