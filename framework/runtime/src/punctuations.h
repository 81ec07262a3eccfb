#pragma once

#include <millstream/core/time.h>
#include <millstream/topology/task_context.h>

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
  /// Fire everything due at `now`. True if anything fired.
  bool punctuate(Timestamp now);
  [[nodiscard]] std::optional<Timestamp> next() const;
  void clear() { schedules_.clear(); }

 private:
  struct Schedule final : Cancellable {
    Timestamp due;
    Duration interval{};
    Punctuator punctuator;
    bool cancelled = false;
    void cancel() override { cancelled = true; }
  };
  void push(std::shared_ptr<Schedule> schedule);
  std::shared_ptr<Schedule> pop();

  std::vector<std::shared_ptr<Schedule>> schedules_;  // a heap by due time
};

}  // namespace millstream
