#pragma once

#include <millstream/runtime/global_updater.h>
#include <millstream/state/task_state.h>
#include <millstream/transport/broker.h>

#include "runtime_services.h"

#include <map>
#include <memory>

namespace millstream {

/// The global stores as one thread has them: a copy of its own, so that its tasks read it without a
/// lock. Filled from all partitions of their topics: to the ends before the thread's tasks run, and
/// followed from then on. Stores that are all persistent go on from their directory after a
/// restart.
/// **Thread**: its owner's. **Source**: GlobalStreamThread of Kafka Streams, which has one copy for
/// all threads.
class GlobalState {
 public:
  /// **Errors**: those of the broker and of the directory.
  static Result<std::unique_ptr<GlobalState>> open(RuntimeServices& services, int thread);

  /// Apply the records that have come; waits up to `wait` for some until it has caught up.
  /// **Errors**: Status of the broker and the disk; StreamsError where a handler says fail.
  Status step(Duration wait);
  /// The ends that the topics had when it was opened have been reached.
  [[nodiscard]] bool caught_up() const { return caught_up_; }
  [[nodiscard]] TaskState& state() { return *state_; }
  Status close();

 private:
  GlobalState(RuntimeServices& services, std::unique_ptr<TaskState> state,
              std::unique_ptr<Consumer> consumer);
  Status begin();
  void apply(const FetchedBatch& batch);
  [[nodiscard]] bool has_reached_ends() const;

  RuntimeServices* services_;
  std::unique_ptr<TaskState> state_;
  std::unique_ptr<Consumer> consumer_;
  GlobalUpdater updater_;
  std::map<TopicPartition, Offset> ends_;
  CommitMark mark_;
  bool caught_up_ = false;
};

}  // namespace millstream
