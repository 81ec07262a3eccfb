#include "stream_thread.h"

#include <millstream/core/fault_points.h>

#include <algorithm>
#include <utility>

namespace millstream {

// How a thread commits: outputs, changes, commit records and offsets as one. docs/exactly-once.md.

namespace {

/// More than these since the last commit, and the load isn't low.
constexpr std::size_t kFewRecords = 1000;

/// With more than this held back a thread waits for the commit before it processes on.
constexpr std::size_t kMostHeldBytes = std::size_t{8} << 20U;

constexpr Duration kAskAgain{1000};

}  // namespace

Status StreamThread::commit(CommitMode mode) {
  const Timestamp now = services_->clock->now();
  MILLSTREAM_TRY(mode == CommitMode::kNow ? wait_for_commit() : settle_commit(Duration(0)));
  if (pending_commit_ && collector_.held_bytes() < kMostHeldBytes) return {};
  MILLSTREAM_TRY(wait_for_commit());
  bool due = mode == CommitMode::kNow || until_commit(now) <= Duration(0);
  for (const auto& [id, task] : tasks_) due = due || task->commit_requested();
  if (!collector_.fault()) return handle_fault(collector_.fault());
  if (!due) return {};
  commit_began_ = commit_ended_ = now;
  processed_since_commit_ = 0;
  std::vector<StreamTask*> tasks;
  for (const auto& [id, task] : tasks_) {
    task->flush();
    const bool refresh = now - task->mark().committed_at >= services_->config.offsets_refresh &&
                         task->mark().number > 0 && !MILLSTREAM_MUTANT(kIdleOffsetsForgotten);
    if (task->needs_commit() || refresh || finishing_.contains(id)) tasks.push_back(task.get());
  }
  if (tasks.empty() && !collector_.in_transaction()) return {};
  return commit_tasks(tasks, mode);
}

/// The interval begins when the last commit has ended, as in Kafka Streams. At low load commits
/// follow one another as fast as they can, since nobody waits behind them; and when the input
/// pauses, no later update takes the place of what waits.
Duration StreamThread::until_commit(Timestamp now) const {
  const Timestamp due = commit_ended_ + services_->config.commit_interval;
  const bool queued =
      std::ranges::any_of(tasks_, [](const auto& task) { return task.second->queued() > 0; });
  const bool never_early =
      services_->config.idle_commit_interval >= services_->config.commit_interval;
  if (processed_since_commit_ == 0 || queued || never_early) return due - now;
  if (processed_since_commit_ <= kFewRecords) return std::min(due, early(commit_began_)) - now;
  if (starved()) return due - now;
  return std::min(due, early(std::max(commit_began_, last_processed_at_))) - now;
}

Timestamp StreamThread::early(Timestamp from) const {
  return from + services_->config.idle_commit_interval;
}

Status StreamThread::commit_tasks(const std::vector<StreamTask*>& tasks, CommitMode mode) {
  PendingCommit commit{.tasks = {}, .finishing = {}, .began = services_->clock->monotonic()};
  for (const StreamTask* task : tasks) {
    commit.tasks.push_back(task->id());
    if (finishing_.contains(task->id())) commit.finishing.push_back(task->id());
  }
  MILLSTREAM_FAIL_POINT("commit-begins");
  collector_.begin();
  std::vector<CommitMark> marks = write_changes(tasks);
  MILLSTREAM_FAIL_POINT("commit-written");
  for (std::size_t i = 0; MILLSTREAM_MUTANT(kSpillBeforeCommit) && i < tasks.size(); ++i) {
    tasks[i]->state().mark_committed(marks[i]);
    MILLSTREAM_TRY(tasks[i]->state().spill());
  }
  if (collector_.fault()) {
    auto outcome = send_commit(offsets_of(tasks, marks), mode);
    if (!outcome) {
      take_commit(tasks, std::move(marks));
      collector_.hold();
      pending_commit_ = std::move(commit);
      return {};
    }
    collector_.note(std::move(*outcome));
  }
  if (!collector_.fault()) return handle_fault(collector_.fault());
  MILLSTREAM_FAIL_POINT("commit-acknowledged");
  collector_.transaction_ended();
  take_commit(tasks, std::move(marks));
  return confirm_commit(commit);
}

/// The commit is the tasks' own now.
void StreamThread::take_commit(const std::vector<StreamTask*>& tasks,
                               std::vector<CommitMark> marks) {
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    tasks[i]->committed(std::move(marks[i]));
    MILLSTREAM_FAIL_POINT("task-committed");
  }
}

/// What came of the commit that is under way, if that is known within `timeout`.
Status StreamThread::settle_commit(Duration timeout) {
  if (!pending_commit_) return {};
  if (pending_commit_->failed) return recover();
  auto outcome = collector_.producer().commit_result(timeout);
  if (!outcome) return {};
  MILLSTREAM_FAIL_POINT("commit-settled");
  if (!*outcome) {
    pending_commit_->failed = true;
    collector_.drop_held();
    return handle_fault(std::move(*outcome));
  }
  const PendingCommit commit = *std::exchange(pending_commit_, std::nullopt);
  collector_.release();
  MILLSTREAM_FAIL_POINT("held-released");
  return confirm_commit(commit);
}

Status StreamThread::wait_for_commit() {
  while (pending_commit_) MILLSTREAM_TRY(settle_commit(kAskAgain));
  return {};
}

/// The tasks go, whatever comes of it. The producer can be used only after its answer.
void StreamThread::give_up_pending_commit() {
  while (pending_commit_ && !pending_commit_->failed) {
    const auto outcome = collector_.producer().commit_result(kAskAgain);
    if (!outcome) continue;
    pending_commit_->failed = true;
    if (*outcome) collector_.transaction_ended();
  }
  collector_.drop_held();
}

/// The broker has the commit: others may know, and what has waited long enough is written.
Status StreamThread::confirm_commit(const PendingCommit& commit) {
  bool spilt = false;
  for (const TaskId id : commit.tasks) {
    StreamTask& task = *tasks_.at(id);
    task.observe_latency(services_->clock->now(), *end_to_end_);
    const SpillNeed need = task.state().spill_need();
    // Of those that can wait one a commit: all of them at once would be a pause in the outputs.
    if (need == SpillNeed::kNone || (need == SpillNeed::kSoon && spilt)) continue;
    // After a power cut the store must not be ahead of the log.
    MILLSTREAM_TRY(services_->broker->sync());
    MILLSTREAM_TRY(task.state().spill());
    spilt = true;
  }
  for (const TaskId id : commit.finishing) {
    const std::scoped_lock lock(mutex_);
    finished_.insert(id);
  }
  commits_->add();
  commit_ended_ = services_->clock->now();
  const std::chrono::duration<double> took = services_->clock->monotonic() - commit.began;
  commit_latency_->observe(took.count());
  return {};
}

/// Send the changes of the tasks' stores to their changelogs and, once it's known where they lie,
/// the commit records. The changelog positions come back in the marks.
std::vector<CommitMark> StreamThread::write_changes(const std::vector<StreamTask*>& tasks) {
  const Timestamp now = services_->clock->now();
  for (StreamTask* task : tasks) {
    for (const StoreSpec& store : task->subtopology().stores) {
      if (!store.logging || !store.changelog_topic.empty()) continue;
      const std::string topic = changelog_topic(services_->config, store);
      std::uint64_t changes = 0;
      task->state().for_each_change(store.name, [&](const ChangelogRecord& change) {
        ++changes;
        collector_.note(collector_.producer().produce(
            {.topic = topic,
             .partition = task->id().partition,
             .key = change.key,
             .value = change.value,
             .timestamp = change.timestamp.is_valid() ? change.timestamp : now}));
      });
      collector_.count_sent(topic, changes);
    }
  }
  collector_.note(collector_.producer().flush());
  MILLSTREAM_FAIL_POINT("changes-flushed");
  std::vector<CommitMark> marks;
  for (StreamTask* task : tasks) {
    CommitMark mark = task->prepare_commit(now);
    for (const StoreSpec& store : task->subtopology().stores) {
      if (!store.logging) continue;
      const TopicPartition changelog{changelog_topic(services_->config, store),
                                     task->id().partition};
      if (!store.changelog_topic.empty()) {
        mark.changelog_positions[store.name] = mark.input_offsets[changelog];
        continue;
      }
      const Offset end = collector_.producer().end_written(changelog);
      if (end == Offset::kNone) continue;
      // Without transactions it may be from before the task was elsewhere and came back.
      Offset& position = mark.changelog_positions.try_emplace(store.name, end).first->second;
      position = std::max(position, end);
    }
    collector_.note(
        collector_.producer().produce({.topic = services_->plan.commits_topic,
                                       .partition = services_->plan.index_of(task->id()),
                                       .key = task->id().to_string(),
                                       .value = mark.serialize(),
                                       .timestamp = now}));
    marks.push_back(std::move(mark));
  }
  collector_.note(collector_.producer().flush());
  return marks;
}

OffsetsByPartition StreamThread::offsets_of(const std::vector<StreamTask*>& tasks,
                                            const std::vector<CommitMark>& marks) {
  OffsetsByPartition offsets;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const TopicPartition record{services_->plan.commits_topic,
                                services_->plan.index_of(tasks[i]->id())};
    const Offset end = collector_.producer().end_written(record);
    const OffsetMetadata metadata{marks[i].number, marks[i].lineage,
                                  end == Offset::kNone ? end : end + -1};
    for (const auto& [partition, offset] : marks[i].input_offsets) {
      offsets[partition] = {offset, metadata.to_text()};
    }
  }
  return offsets;
}

/// Nothing: the outcome isn't known yet.
std::optional<ProducerStatus> StreamThread::send_commit(const OffsetsByPartition& offsets,
                                                        CommitMode mode) {
  if (!collector_.exactly_once()) {
    return services_->membership->commit_offsets(offsets, lease_);
  }
  const Lease lease = MILLSTREAM_MUTANT(kFreshLease) ? services_->membership->lease() : lease_;
  collector_.producer().submit_commit(services_->config.application_id, offsets, lease);
  MILLSTREAM_FAIL_POINT("commit-submitted");
  if (mode == CommitMode::kIfDue) return collector_.producer().commit_result(Duration(0));
  while (true) {
    if (auto result = collector_.producer().commit_result(kAskAgain)) return result;
  }
}

/// Back to the last commit, as the error class demands. After an abort that is in memory; after
/// anything else the outcome may be unknown, so that the tasks are opened anew once the successor's
/// init_transactions has settled it; also where they had taken the commit already.
Status StreamThread::handle_fault(ProducerStatus fault) {
  aborts_->add();
  const ProducerFault kind = fault.fault;
  services_->logger->warning("a commit failed: back to the last one",
                             {{"error", std::string(fault.error.message())}});
  if (kind == ProducerFault::kAbort) {
    bool rewound = true;
    // Without transactions too: the producer forgets what it has queued, and the refusal with it.
    const bool forgets = !collector_.exactly_once() && !MILLSTREAM_MUTANT(kRefusalKept);
    if (collector_.in_transaction() || forgets) {
      MILLSTREAM_FAIL_POINT("abort-begins");
      rewound = static_cast<bool>(collector_.producer().abort_transaction());
      MILLSTREAM_FAIL_POINT("abort-sent");
      collector_.transaction_ended();
    }
    collector_.clear_fault();
    if (MILLSTREAM_MUTANT(kPresumedCommitKept)) pending_commit_.reset();
    const bool in_memory = rewound && !pending_commit_;
    if (in_memory && fault.error.kind() == ErrorKind::kMachine) return rewind_tasks();
  }
  if (fault.error.kind() != ErrorKind::kMachine) {
    // Tried again it would fail again: a record too large, a topic that is gone, a full disk.
    MILLSTREAM_TRY(recover());
    return fault.error;
  }
  if (kind == ProducerFault::kFenced) {
    // Whether the tasks are still ours, the group says next: by a new lease, or by taking them
    // away.
    suspended_ = true;
    fenced_.store(true);
  }
  return recover();
}

Status StreamThread::rewind_tasks() {
  for (const auto& [id, task] : tasks_) {
    task->abort();
    finishing_.erase(id);
    for (const TopicPartition& partition : task->source_partitions()) {
      if (MILLSTREAM_MUTANT(kAbortDoesNotSeek)) continue;
      const Status sought = consumer_->seek({partition, task->mark().input_offsets.at(partition)});
      if (!sought) return sought.error().kind() == ErrorKind::kMachine ? recover() : sought;
    }
  }
  return {};
}

}  // namespace millstream
