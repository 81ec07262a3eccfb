#include "thread_report.h"

#include <string>
#include <utility>

namespace millstream {

std::string_view to_string(ThreadState state) {
  switch (state) {
    case ThreadState::kCreated:
      return "CREATED";
    case ThreadState::kStarting:
      return "STARTING";
    case ThreadState::kPartitionsRevoked:
      return "PARTITIONS_REVOKED";
    case ThreadState::kPartitionsAssigned:
      return "PARTITIONS_ASSIGNED";
    case ThreadState::kRunning:
      return "RUNNING";
    case ThreadState::kPendingShutdown:
      return "PENDING_SHUTDOWN";
    case ThreadState::kDead:
      return "DEAD";
  }
  return "DEAD";
}

ThreadReport::ThreadReport(Metrics& metrics, int thread) : metrics_(&metrics) {
  const std::string name = std::to_string(thread + 1);
  for (std::size_t i = 0; i < kThreadStates; ++i) {
    states_[i] = &metrics.gauge(
        "millstream_thread_state", "1 for the state that a stream thread is in.",
        {{"thread", name}, {"state", std::string(to_string(static_cast<ThreadState>(i)))}});
  }
  running_tasks_ = &metrics.gauge("millstream_tasks", "Tasks of this instance.",
                                  {{"thread", name}, {"state", "running"}});
  restoring_tasks_ = &metrics.gauge("millstream_tasks", "Tasks of this instance.",
                                    {{"thread", name}, {"state", "restoring"}});
  restore_remaining_ =
      &metrics.gauge("millstream_restore_remaining_records",
                     "Changelog offsets still to be read by restoring tasks.", {{"thread", name}});
  buffer_bytes_ = &metrics.gauge("millstream_buffer_bytes",
                                 "Bytes in the write buffers of the stores.", {{"thread", name}});
  publish(ThreadState::kCreated, {});
}

ThreadReport::~ThreadReport() { publish(ThreadState::kDead, {}); }

void ThreadReport::publish(ThreadState state, std::vector<TaskMetadata> tasks) {
  set_task_gauges(tasks);
  set_sums(state, tasks);
  const std::scoped_lock lock(mutex_);
  state_ = state;
  tasks_ = std::move(tasks);
}

ThreadReport::TaskGauges ThreadReport::gauges_of(const TaskMetadata& task) const {
  TaskGauges gauges;
  const std::string partition = std::to_string(task.task.partition);
  for (const SourceProgress& source : task.sources) {
    gauges.lag.push_back(
        &metrics_->gauge("millstream_lag_records", "Input offsets between commit and end.",
                         {{"topic", source.partition.topic}, {"partition", partition}}));
  }
  for (const StoreMetadata& store : task.stores) {
    const MetricLabels labels = {{"store", store.name}, {"partition", partition}};
    gauges.stores.push_back(
        {&metrics_->gauge("millstream_store_entries", "Entries of a store, roughly.", labels),
         &metrics_->gauge("millstream_store_bytes",
                          "Bytes of a store in RocksDB, files and memtables.", labels)});
  }
  return gauges;
}

void ThreadReport::set_task_gauges(const std::vector<TaskMetadata>& tasks) {
  std::map<TaskId, TaskGauges> present;
  for (const TaskMetadata& task : tasks) {
    auto known = gauges_.extract(task.task);
    // A restoring task doesn't name its sources yet.
    const bool fits = !known.empty() && known.mapped().lag.size() == task.sources.size() &&
                      known.mapped().stores.size() == task.stores.size();
    TaskGauges& gauges = present[task.task] = fits ? std::move(known.mapped()) : gauges_of(task);
    for (std::size_t i = 0; i < task.sources.size(); ++i) {
      gauges.lag[i]->set(static_cast<double>(task.sources[i].lag()));
    }
    for (std::size_t i = 0; i < task.stores.size(); ++i) {
      gauges.stores[i].entries->set(static_cast<double>(task.stores[i].entries));
      gauges.stores[i].bytes->set(static_cast<double>(task.stores[i].database_bytes));
    }
  }
  for (const auto& [gone, gauges] : gauges_) {
    for (Gauge* lag : gauges.lag) lag->set(0);
    for (const StoreGauges& store : gauges.stores) {
      store.entries->set(0);
      store.bytes->set(0);
    }
  }
  gauges_ = std::move(present);
}

void ThreadReport::set_sums(ThreadState state, const std::vector<TaskMetadata>& tasks) {
  double restoring = 0;
  double remaining = 0;
  double buffered = 0;
  for (const TaskMetadata& task : tasks) {
    restoring += task.restoring ? 1 : 0;
    remaining += static_cast<double>(task.restore_remaining());
    buffered += static_cast<double>(task.buffered_bytes);
  }
  restoring_tasks_->set(restoring);
  running_tasks_->set(static_cast<double>(tasks.size()) - restoring);
  restore_remaining_->set(remaining);
  buffer_bytes_->set(buffered);
  for (std::size_t i = 0; i < kThreadStates; ++i) {
    states_[i]->set(i == static_cast<std::size_t>(state) ? 1 : 0);
  }
}

ThreadState ThreadReport::state() const {
  const std::scoped_lock lock(mutex_);
  return state_;
}

std::vector<TaskMetadata> ThreadReport::tasks() const {
  const std::scoped_lock lock(mutex_);
  return tasks_;
}

}  // namespace millstream
