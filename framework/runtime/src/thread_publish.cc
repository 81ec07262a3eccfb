#include "stream_thread.h"

#include <utility>

namespace millstream {

// What a thread tells of its tasks, for pages and metrics.

namespace {

constexpr Duration kPublishEvery{500};
/// Counting the entries of a large store walks its unspilt ones.
constexpr Duration kStoresEvery{2000};

/// Also when the clock was set back.
bool is_due(Timestamp now, Timestamp last, Duration interval) {
  return !last.is_valid() || now < last || now - last >= interval;
}

}  // namespace

ThreadState StreamThread::state() const {
  if (shut_down_) return ThreadState::kPendingShutdown;
  if (suspended_) {
    return lease_.generation < 0 ? ThreadState::kStarting : ThreadState::kPartitionsRevoked;
  }
  const bool all_run = restores_.empty() && to_open_.empty();
  return all_run ? ThreadState::kRunning : ThreadState::kPartitionsAssigned;
}

TaskMetadata StreamThread::describe(StreamTask& task, bool with_stores) {
  TaskMetadata one;
  one.task = task.id();
  one.records = task.records_processed();
  one.commits = task.mark().number;
  one.committed_at = task.mark().committed_at;
  one.stream_time = task.stream_time();
  for (const TopicPartition& partition : task.source_partitions()) {
    const auto committed = task.mark().input_offsets.find(partition);
    one.sources.push_back({.partition = partition,
                           .topic = task.source_topic(partition),
                           .committed = committed == task.mark().input_offsets.end()
                                            ? Offset::kNone
                                            : committed->second,
                           .end = consumer_->known_end(partition),
                           .records = task.records_processed(partition),
                           .queued = task.queued(partition)});
  }
  for (const EdgeCount& edge : task.edges()) {
    one.edges.push_back({std::string(edge.from), std::string(edge.to), edge.records});
  }
  one.buffered_bytes = task.state().buffered_bytes();
  std::vector<StoreMetadata>& stores = store_sizes_[one.task];
  if (with_stores || stores.empty()) {
    stores.clear();
    for (const StoreSpec& spec : task.subtopology().stores) {
      stores.push_back({.name = spec.name,
                        .persistent = spec.persistent,
                        .entries = task.state().store(spec.name).approximate_entries(),
                        .database_bytes = task.state().database_bytes(spec.name)});
    }
  }
  one.stores = stores;
  return one;
}

void StreamThread::publish(Publish when) {
  all_running_.store(restores_.empty() && to_open_.empty());
  const Timestamp now = services_->clock->now();
  // What a pending commit would make true isn't told before it is.
  if (pending_commit_ || (when == Publish::kIfDue && !is_due(now, published_, kPublishEvery)))
    return;
  published_ = now;
  const bool with_stores = is_due(now, stores_published_, kStoresEvery);
  if (with_stores) stores_published_ = now;
  std::vector<TaskMetadata> tasks;
  for (const auto& [id, task] : tasks_) tasks.push_back(describe(*task, with_stores));
  for (const auto& [id, restore] : restores_) {
    store_sizes_.erase(id);
    tasks.push_back({.task = id, .restoring = true, .stores = restore->stores()});
  }
  for (const TaskId id : to_open_) tasks.push_back({.task = id, .restoring = true});
  report_.publish(state(), std::move(tasks));
}

}  // namespace millstream
