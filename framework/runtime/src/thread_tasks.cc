#include "stream_thread.h"

#include <millstream/core/assert.h>

#include <algorithm>
#include <utility>

namespace millstream {

// How a thread opens, restores, feeds and closes its tasks.

namespace {

constexpr std::size_t kFetchLimit = 20'000;
constexpr Duration kRetryOpen{1000};
/// How often a thread without input asks for the outcome of its commit.
constexpr Duration kPendingWait{1};

}  // namespace

/// Global stores come first: tasks run once these have what their topics held at the start.
Status StreamThread::step_globals(Duration wait) {
  if (services_->topology->global_stores().empty()) return {};
  if (!globals_) {
    auto opened = GlobalState::open(*services_, index_);
    if (!opened) return opened.error();
    globals_ = std::move(*opened);
  }
  return globals_->step(wait);
}

Status StreamThread::open_tasks() {
  if (to_open_.empty()) return {};
  const Timestamp now = services_->clock->now();
  if (retry_open_at_ && now < *retry_open_at_) return {};
  retry_open_at_.reset();
  const std::set<TaskId> wanted = to_open_;
  for (const TaskId id : wanted) {
    if (!commits_reader_) commits_reader_.emplace(*services_);
    auto restore = TaskRestore::begin(*services_, *commits_reader_, id);
    if (!restore) {
      services_->logger->error(
          "a task can't be opened; tried again in a second",
          {{"task", id.to_string()}, {"error", std::string(restore.error().message())}});
      if (restore.error().kind() != ErrorKind::kMachine) return restore.error();
      retry_open_at_ = now + kRetryOpen;
      continue;
    }
    to_open_.erase(id);
    const auto positions = (*restore)->remaining();
    TaskRestore& kept = *restores_.emplace(id, std::move(*restore)).first->second;
    if (!positions.empty()) MILLSTREAM_TRY(restore_consumer_->assign(positions));
    if (kept.finished()) MILLSTREAM_TRY(start_task(kept));
  }
  if (to_open_.empty()) commits_reader_.reset();
  publish(Publish::kNow);
  return {};
}

Status StreamThread::step_restores(Duration wait) {
  if (restores_.empty()) return {};
  // Beside tasks that have work it doesn't wait; beside idle ones it waits in their place.
  if (!tasks_.empty()) wait = processed_last_ > 0 ? Duration(0) : std::min(wait, kPendingWait);
  auto batches = restore_consumer_->poll(kFetchLimit, wait);
  if (!batches) return batches.error();
  const auto restore_of = [&](const TopicPartition& changelog) -> TaskRestore* {
    for (const auto& [id, restore] : restores_) {
      if (restore->owns(changelog)) return restore.get();
    }
    return nullptr;
  };
  for (const auto& batch : *batches) {
    if (TaskRestore* restore = restore_of(batch->partition())) {
      MILLSTREAM_TRY(restore->apply(*batch, next(batch->records().back().offset)));
    }
  }
  std::vector<TaskRestore*> finished;
  for (const auto& [id, restore] : restores_) {
    for (const PartitionPosition& tail : restore->remaining()) {
      MILLSTREAM_TRY(
          restore->note_position(tail.partition, restore_consumer_->position(tail.partition)));
    }
    if (restore->finished()) finished.push_back(restore.get());
  }
  for (TaskRestore* restore : finished) MILLSTREAM_TRY(start_task(*restore));
  publish(finished.empty() ? Publish::kIfDue : Publish::kNow);
  return {};
}

Status StreamThread::start_task(TaskRestore& restore) {
  const TaskId id = restore.task();
  std::vector<TopicPartition> changelogs;
  for (const PartitionPosition& tail : restore.remaining()) changelogs.push_back(tail.partition);
  if (!changelogs.empty()) restore_consumer_->unassign(changelogs);
  const auto outlived = restore.outlived();
  if (!outlived) return outlived.error();
  if (*outlived) {
    MILLSTREAM_TRY(restore.abandon());
    restores_.erase(id);
    to_open_.insert(id);
    return {};
  }
  auto state = restore.finish();
  if (!state) return state.error();
  const CommitMark mark = restore.mark();
  restores_.erase(id);

  StreamTaskOptions options;
  options.application_id = services_->config.application_id;
  options.id = id;
  options.handlers = services_->handlers;
  options.dead_letter_topic = services_->config.dead_letter_topic;
  options.rejected_topic = services_->config.rejected_topic;
  options.max_task_idle = services_->config.max_task_idle;
  options.cache_budget = &cache_budget_;
  options.global_state = globals_ ? &globals_->state() : nullptr;
  options.timestamp_extractor = services_->config.timestamp_extractor;
  auto task =
      std::make_unique<StreamTask>(std::move(options), *services_->topology, std::move(*state),
                                   collector_, *services_->metrics, *services_->logger);
  task->init(&mark, services_->clock->now());
  std::vector<PartitionPosition> positions;
  for (const TopicPartition& partition : task->source_partitions()) {
    positions.push_back({partition, mark.input_offsets.at(partition)});
    owners_[partition] = task.get();
  }
  tasks_[id] = std::move(task);
  services_->logger->info("a task runs", {{"task", id.to_string()},
                                          {"thread", std::to_string(index_)},
                                          {"commit", std::to_string(mark.number)}});
  return consumer_->assign(positions);
}

Status StreamThread::close_task(TaskId id, bool clean) {
  if (const auto restore = restores_.find(id); restore != restores_.end()) {
    std::vector<TopicPartition> changelogs;
    for (const PartitionPosition& tail : restore->second->remaining()) {
      changelogs.push_back(tail.partition);
    }
    if (!changelogs.empty()) restore_consumer_->unassign(changelogs);
    restores_.erase(restore);
    return {};
  }
  const auto found = tasks_.find(id);
  if (found == tasks_.end()) return {};
  consumer_->unassign(found->second->source_partitions());
  for (const TopicPartition& partition : found->second->source_partitions()) {
    owners_.erase(partition);
    paused_.erase(partition);
  }
  Status status;
  try {
    // Without the log's sync what is committed stays unwritten: the changelogs bring it back. So
    // does what a commit of unknown outcome has.
    clean = clean && !pending_commit_;
    if (clean) status = services_->broker->sync();
    const Status closed = found->second->close(clean && status);
    if (status) status = closed;
  } catch (const std::exception& error) {
    status = Error::machine(error.what());
  }
  tasks_.erase(found);
  services_->logger->info("a task is closed", {{"task", id.to_string()}});
  return status;
}

StreamTask* StreamThread::owner_of(const TopicPartition& partition) {
  const auto owner = owners_.find(partition);
  return owner == owners_.end() ? nullptr : owner->second;
}

Status StreamThread::fetch(Duration wait) {
  if (tasks_.empty()) return {};
  const Timestamp now = services_->clock->now();
  for (const auto& [id, task] : tasks_) {
    if (task->queued() > 0) wait = Duration(0);
    if (const auto due = task->next_wall_clock_punctuation()) {
      wait = std::clamp(*due - now, Duration(0), wait);
    }
  }
  wait = pending_commit_ ? std::min(wait, kPendingWait)
                         : std::clamp(until_commit(now), Duration(0), wait);
  if (!restores_.empty()) wait = Duration(0);
  auto batches = consumer_->poll(fetch_limit(), wait);
  if (!batches) return batches.error();
  distribute(std::move(*batches));
  for (const auto& [partition, task] : owners_) {
    task->note_progress(partition, consumer_->position(partition), consumer_->known_end(partition));
  }
  return {};
}

/// While no partition starves, only as much is taken as was used up: the consumer hands its
/// partitions' records over in the order of their arrival, and what the others don't need yet would
/// pile up until their fetching had to be stopped.
std::size_t StreamThread::fetch_limit() const {
  if (processed_last_ == 0) return kFetchLimit;
  return starved() ? kFetchLimit : std::min(processed_last_, kFetchLimit);
}

bool StreamThread::starved() const {
  return std::ranges::any_of(owners_,
                             [](const auto& owner) { return owner.second->starved(owner.first); });
}

void StreamThread::count_fetched(const FetchedBatch& batch) {
  Counter*& counter = records_in_[batch.partition().topic];
  if (counter == nullptr) {
    counter = &services_->metrics->counter("millstream_records_fetched_total",
                                           "Records fetched from source topics.",
                                           {{"topic", batch.partition().topic}});
  }
  counter->add(batch.records().size());
}

void StreamThread::distribute(std::vector<std::unique_ptr<FetchedBatch>> batches) {
  for (auto& batch : batches) {
    StreamTask* task = owner_of(batch->partition());
    if (task == nullptr) continue;
    count_fetched(*batch);
    task->add(std::move(batch));
  }
}

/// Hold back a partition whose queue is full until half of it is processed.
void StreamThread::regulate(StreamTask& task) {
  const std::size_t most = services_->config.buffered_records;
  for (const TopicPartition& partition : task.source_partitions()) {
    const std::size_t queued = task.queued(partition);
    if (queued > most && paused_.insert(partition).second) {
      consumer_->pause(partition);
    } else if (queued <= most / 2 && paused_.erase(partition) > 0) {
      consumer_->resume(partition);
    }
  }
}

void StreamThread::finish_inputs(Timestamp now) {
  std::function<bool(int)> upstream_finished;
  {
    const std::scoped_lock lock(mutex_);
    upstream_finished = upstream_finished_;
  }
  if (!upstream_finished) return;
  for (const auto& [id, task] : tasks_) {
    if (finishing_.contains(id) || task->queued() > 0 || !upstream_finished(id.subtopology))
      continue;
    const auto& partitions = task->source_partitions();
    const bool caught_up = std::all_of(partitions.begin(), partitions.end(), [&](const auto& p) {
      const Offset end = consumer_->known_end(p);
      return end != Offset::kNone && consumer_->position(p) >= end;
    });
    if (!caught_up) continue;
    task->advance_stream_time(now);
    finishing_.insert(id);
  }
}

}  // namespace millstream
