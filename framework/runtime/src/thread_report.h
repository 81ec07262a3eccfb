#pragma once

#include <millstream/core/metrics.h>
#include <millstream/runtime/thread_metadata.h>

#include <array>
#include <map>
#include <mutex>
#include <vector>

namespace millstream {

/// What a thread says of itself: kept for whoever asks, and told to the metrics.
/// **Thread**: `publish` from the stream thread, `snapshot` from any.
class ThreadReport {
 public:
  ThreadReport(Metrics& metrics, int thread);
  /// The gauges go to zero: this instance has nothing of these any more.
  ~ThreadReport();
  ThreadReport(const ThreadReport&) = delete;
  ThreadReport& operator=(const ThreadReport&) = delete;

  void publish(ThreadState state, std::vector<TaskMetadata> tasks);
  [[nodiscard]] ThreadState state() const;
  [[nodiscard]] std::vector<TaskMetadata> tasks() const;

 private:
  struct StoreGauges {
    Gauge* entries;
    Gauge* bytes;
  };
  /// Made when a task is first seen, so that nothing is looked up by labels afterwards.
  struct TaskGauges {
    std::vector<Gauge*> lag;
    std::vector<StoreGauges> stores;
  };

  TaskGauges gauges_of(const TaskMetadata& task) const;
  void set_task_gauges(const std::vector<TaskMetadata>& tasks);
  void set_sums(ThreadState state, const std::vector<TaskMetadata>& tasks);

  Metrics* metrics_;
  std::array<Gauge*, kThreadStates> states_{};
  Gauge* running_tasks_;
  Gauge* restoring_tasks_;
  Gauge* restore_remaining_;
  Gauge* buffer_bytes_;
  std::map<TaskId, TaskGauges> gauges_;

  mutable std::mutex mutex_;  // guards what follows
  ThreadState state_ = ThreadState::kCreated;
  std::vector<TaskMetadata> tasks_;
};

}  // namespace millstream
