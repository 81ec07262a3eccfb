#include "stream_thread.h"

#include <millstream/core/fault_points.h>
#include <millstream/topology/errors.h>

#include <exception>
#include <utility>

namespace millstream {

namespace {

/// Records processed a task before others have their turn.
constexpr std::size_t kRecordsPerTurn = 1000;
constexpr Duration kRetryProducer{1000};

std::vector<double> latency_bounds() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
          0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
}

}  // namespace

StreamThread::StreamThread(RuntimeServices& services, int index)
    : services_(&services),
      index_(index),
      collector_(services, index),
      cache_budget_{.limit = services.config.cache_bytes /
                             static_cast<std::size_t>(services.config.threads)},
      report_(*services.metrics, index),
      commit_latency_(&services.metrics->histogram("millstream_commit_seconds",
                                                   "Time a commit takes.", latency_bounds())),
      end_to_end_(&services.metrics->histogram(
          "millstream_end_to_end_seconds",
          "Time from an input record's timestamp until its results are committed.",
          {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600})),
      process_latency_(&services.metrics->histogram(
          "millstream_process_seconds", "Time from fetch to the end of processing, a turn.",
          latency_bounds())),
      commits_(&services.metrics->counter("millstream_commits_total", "Commits by outcome.",
                                          {{"outcome", "committed"}})),
      aborts_(&services.metrics->counter("millstream_commits_total", "Commits by outcome.",
                                         {{"outcome", "aborted"}})) {}

StreamThread::~StreamThread() = default;

Status StreamThread::open() {
  const std::string name = services_->config.application_id + "-" + services_->instance_id + "-" +
                           std::to_string(index_);
  auto consumer = services_->broker->make_consumer(
      {.client_id = name + "-consumer",
       .isolation = MILLSTREAM_MUTANT(kSourceReadsAborted) ? Isolation::kReadUncommitted
                                                           : Isolation::kReadCommitted,
       .fetch_budget = services_->config.memory_bytes / 8 /
                       static_cast<std::size_t>(services_->config.threads)});
  if (!consumer) return consumer.error();
  consumer_ = std::move(*consumer);
  auto restore = services_->broker->make_consumer(
      {.client_id = name + "-restore-consumer",
       .isolation = MILLSTREAM_MUTANT(kRestoreReadsAborted) ? Isolation::kReadUncommitted
                                                            : Isolation::kReadCommitted,
       // While tasks are restored their buffers are empty, and nothing else is to be done.
       .fetch_budget = services_->config.memory_bytes / 4 /
                       static_cast<std::size_t>(services_->config.threads)});
  if (!restore) return restore.error();
  restore_consumer_ = std::move(*restore);
  commit_began_ = commit_ended_ = services_->clock->now();
  const Status opened = collector_.open();
  publish(Publish::kNow);
  return opened;
}

Status StreamThread::step(Duration wait) {
  try {
    MILLSTREAM_TRY(run_commands());
    if (shut_down_ || suspended_) return {};
    if (reopen_producer_at_) {
      if (services_->clock->now() < *reopen_producer_at_) {
        wait_for_command(wait);
        return {};
      }
      MILLSTREAM_TRY(open_producer());
      if (reopen_producer_at_) return {};
    }
    MILLSTREAM_TRY(step_globals(wait));
    if (globals_ && !globals_->caught_up()) return {};
    MILLSTREAM_TRY(open_tasks());
    if (const Status restored = step_restores(wait); !restored) {
      return look_again(restored.error());
    }
    if (const Status fetched = fetch(wait); !fetched) return look_again(fetched.error());
    const auto began = services_->clock->monotonic();
    const Timestamp now = services_->clock->now();
    std::size_t processed = 0;
    for (const auto& [id, task] : tasks_) {
      processed += task->process(kRecordsPerTurn, now);
      task->punctuate(now);
      regulate(*task);
    }
    processed_last_ = processed;
    processed_since_commit_ += processed;
    if (processed > 0) {
      last_processed_at_ = now;
      const std::chrono::duration<double> took = services_->clock->monotonic() - began;
      process_latency_->observe(took.count());
    }
    finish_inputs(now);
    const Status committed = commit(CommitMode::kIfDue);
    publish(Publish::kIfDue);
    return committed;
  } catch (const std::exception& error) {
    return Error::data(error.what());
  }
}

/// What can't be fetched may be gone because somebody else has processed it meanwhile, and the
/// group hasn't told us yet that we have lost the task: opened anew, it goes on where the group is
/// by now. What can't be fetched there either is gone for good.
Status StreamThread::look_again(const Error& error) {
  if (error.kind() != ErrorKind::kMachine || unfetchable_ == error.message()) return error;
  unfetchable_ = error.message();
  services_->logger->warning("the tasks are opened anew, since something can't be fetched",
                             {{"error", unfetchable_}});
  return recover();
}

Status StreamThread::recover() {
  give_up_pending_commit();
  if (collector_.in_transaction()) {
    static_cast<void>(collector_.producer().abort_transaction());
    collector_.transaction_ended();
  }
  std::set<TaskId> all = to_open_;
  for (const auto& [id, task] : tasks_) all.insert(id);
  for (const auto& [id, restore] : restores_) all.insert(id);
  for (const TaskId id : all) MILLSTREAM_TRY(close_task(id, false));
  pending_commit_.reset();
  globals_.reset();
  to_open_ = std::move(all);
  finishing_.clear();
  return open_producer();
}

/// A broker that doesn't answer isn't the end: it is asked until it does.
Status StreamThread::open_producer() {
  const Status opened = collector_.open();
  reopen_producer_at_.reset();
  if (opened || opened.error().kind() != ErrorKind::kMachine) return opened;
  services_->logger->warning("the producer can't be opened; tried again in a second",
                             {{"error", std::string(opened.error().message())}});
  reopen_producer_at_ = services_->clock->now() + kRetryProducer;
  return {};
}

void StreamThread::enqueue(std::function<Status()> run, Done done) {
  const std::scoped_lock lock(mutex_);
  commands_.push_back({std::move(run), std::move(done)});
  arrived_.notify_all();
}

void StreamThread::wait_for_command(Duration timeout) {
  if (services_->pause) return services_->pause(timeout);
  std::unique_lock lock(mutex_);
  arrived_.wait_for(lock, timeout, [this] { return !commands_.empty(); });
}

Status StreamThread::run_commands() {
  while (true) {
    Command command;
    {
      const std::scoped_lock lock(mutex_);
      if (commands_.empty()) return {};
      command = std::move(commands_.front());
      commands_.pop_front();
    }
    const Status status = command.run();
    if (command.done) command.done();
    MILLSTREAM_TRY(status);
  }
}

void StreamThread::assign(std::set<TaskId> tasks, Lease lease, Done done) {
  all_running_.store(tasks.empty());
  enqueue([this, tasks = std::move(tasks),
           lease = std::move(lease)] { return carry_out_assign(tasks, lease); },
          std::move(done));
}

void StreamThread::suspend(Done done) {
  enqueue([this] { return carry_out_suspend(); }, std::move(done));
}

void StreamThread::lose(Done done) {
  enqueue([this] { return carry_out_lose(); }, std::move(done));
}

void StreamThread::shut_down(Done done) {
  enqueue([this] { return carry_out_shut_down(); }, std::move(done));
}

void StreamThread::finish_input(std::function<bool(int)> upstream_finished) {
  const std::scoped_lock lock(mutex_);
  upstream_finished_ = std::move(upstream_finished);
}

Status StreamThread::carry_out_assign(const std::set<TaskId>& tasks, const Lease& lease) {
  // Tasks are kept in memory only if nobody else can have had them: in the next generation of the
  // one in which they were ours. A member that was away for one comes back in a later one.
  MILLSTREAM_TRY(wait_for_commit());
  const auto step = lease.generation - lease_.generation;
  if (step != 0 && step != 1) MILLSTREAM_TRY(carry_out_lose());
  lease_ = lease;
  fenced_.store(false);
  std::vector<TaskId> gone;
  for (const auto& [id, task] : tasks_) {
    if (!tasks.contains(id)) gone.push_back(id);
  }
  for (const auto& [id, restore] : restores_) {
    if (!tasks.contains(id)) gone.push_back(id);
  }
  for (const TaskId id : gone) MILLSTREAM_TRY(close_task(id, true));
  to_open_.clear();
  for (const TaskId id : tasks) {
    if (!tasks_.contains(id) && !restores_.contains(id)) to_open_.insert(id);
  }
  retry_open_at_.reset();
  suspended_ = false;
  for (const auto& [id, task] : tasks_) {
    for (const TopicPartition& partition : task->source_partitions()) {
      if (!paused_.contains(partition)) consumer_->resume(partition);
    }
  }
  publish(Publish::kNow);
  return {};
}

Status StreamThread::carry_out_suspend() {
  Status status;
  MILLSTREAM_FAIL_POINT("revoked");
  if (!suspended_ && !MILLSTREAM_MUTANT(kRevokeWithoutCommit)) status = commit(CommitMode::kNow);
  MILLSTREAM_FAIL_POINT("revoke-committed");
  suspended_ = true;
  for (const auto& [partition, task] : owners_) consumer_->pause(partition);
  publish(Publish::kNow);
  return status;
}

Status StreamThread::carry_out_lose() {
  suspended_ = true;
  fenced_.store(false);
  give_up_pending_commit();
  if (collector_.in_transaction()) {
    static_cast<void>(collector_.producer().abort_transaction());
    collector_.transaction_ended();
    collector_.clear_fault();
  }
  std::vector<TaskId> all;
  for (const auto& [id, task] : tasks_) all.push_back(id);
  for (const auto& [id, restore] : restores_) all.push_back(id);
  for (const TaskId id : all) MILLSTREAM_TRY(close_task(id, false));
  pending_commit_.reset();
  to_open_.clear();
  publish(Publish::kNow);
  return {};
}

Status StreamThread::carry_out_shut_down() {
  if (std::exchange(shut_down_, true)) return {};
  Status status;
  if (!suspended_) status = commit(CommitMode::kNow);
  std::vector<TaskId> all;
  for (const auto& [id, task] : tasks_) all.push_back(id);
  for (const auto& [id, restore] : restores_) all.push_back(id);
  for (const TaskId id : all) {
    const Status closed = close_task(id, true);
    if (status) status = closed;
  }
  if (globals_) {
    const Status closed = globals_->close();
    if (status) status = closed;
  }
  publish(Publish::kNow);
  return status;
}

std::set<TaskId> StreamThread::finished_tasks() const {
  const std::scoped_lock lock(mutex_);
  return finished_;
}

}  // namespace millstream
