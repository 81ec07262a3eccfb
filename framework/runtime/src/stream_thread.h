#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/time.h>
#include <millstream/runtime/stream_task.h>
#include <millstream/transport/broker.h>

#include "global_state.h"
#include "runtime_services.h"
#include "task_restore.h"
#include "thread_collector.h"
#include "thread_report.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

namespace millstream {

namespace simulation {
class SteppedStreams;
}

/// Owns tasks and steps them: fetch, process, punctuate, commit, restore. It has no thread, clock
/// or sleep of its own: whoever calls `step` brings them. Commands come from another thread and are
/// carried out in `step`.
/// **Source**: StreamThread and TaskManager of Kafka Streams.
class StreamThread {
 public:
  StreamThread(RuntimeServices& services, int index);
  ~StreamThread();

  /// Open consumer and producer; under exactly-once fence and settle the predecessor.
  Status open();
  /// A bounded piece of work; waits for records up to `wait` when there is nothing else to do.
  /// **Errors**: the first error ends the thread's work: see `recover`.
  Status step(Duration wait);
  /// After an error of `step`: abort, settle, and open every task anew from its last commit.
  Status recover();

  // Commands. Thread: any. `done` is called from `step` when the command was carried out.
  using Done = std::function<void()>;
  /// These are the tasks from now on, under this lease; others are closed.
  void assign(std::set<TaskId> tasks, Lease lease, Done done);
  /// Commit and hold still until the next `assign`.
  void suspend(Done done);
  /// Forget all tasks without committing: they belong to somebody else.
  void lose(Done done);
  /// Commit, close, and do nothing more.
  void shut_down(Done done);
  /// See KafkaStreams::finish_input.
  void finish_input(std::function<bool(int subtopology)> upstream_finished);

  /// Nothing to do until a command comes. Thread: the stepping one.
  [[nodiscard]] bool idle() const {
    if (globals_ && !globals_->caught_up() && !shut_down_ && !suspended_) return false;
    return shut_down_ || suspended_ || (tasks_.empty() && restores_.empty());
  }
  /// Wait for a command, or `timeout`.
  void wait_for_command(Duration timeout);

  [[nodiscard]] int index() const { return index_; }
  /// What it says of itself. Thread: any.
  [[nodiscard]] const ThreadReport& report() const { return report_; }
  /// Every assigned task runs. Thread: any.
  [[nodiscard]] bool all_running() const { return all_running_.load(); }
  /// It will carry out no more commands. Thread: any.
  void mark_ended() { ended_.store(true); }
  [[nodiscard]] bool has_ended() const { return ended_.load(); }
  /// A commit was refused for its lease, and the thread holds still until it gets another one.
  /// Thread: any.
  [[nodiscard]] bool is_fenced() const { return fenced_.load(); }
  /// Tasks whose input is finished and committed, after finish_input. Thread: any.
  [[nodiscard]] std::set<TaskId> finished_tasks() const;

 private:
  friend class simulation::SteppedStreams;
  struct Command {
    std::function<Status()> run;
    Done done;
  };
  /// A commit whose outcome isn't known yet. Its tasks have taken it as if it had succeeded, and
  /// process on; until it has, nothing of it may be spilt or told, and if it fails they are opened
  /// anew. It is there as long as the tasks are.
  struct PendingCommit {
    std::vector<TaskId> tasks;
    std::vector<TaskId> finishing;
    std::chrono::nanoseconds began{0};
    bool failed = false;
  };
  void enqueue(std::function<Status()> run, Done done);
  Status run_commands();
  Status carry_out_assign(const std::set<TaskId>& tasks, const Lease& lease);
  Status carry_out_suspend();
  Status carry_out_lose();
  Status carry_out_shut_down();

  Status open_producer();
  Status look_again(const Error& error);

  // thread_tasks.cc
  Status step_globals(Duration wait);
  Status open_tasks();
  Status step_restores(Duration wait);
  Status start_task(TaskRestore& restore);
  Status close_task(TaskId id, bool clean);
  Status fetch(Duration wait);
  [[nodiscard]] std::size_t fetch_limit() const;
  /// A partition has run dry although its topic has more.
  [[nodiscard]] bool starved() const;
  void count_fetched(const FetchedBatch& batch);
  void distribute(std::vector<std::unique_ptr<FetchedBatch>> batches);
  void regulate(StreamTask& task);
  StreamTask* owner_of(const TopicPartition& partition);

  // thread_publish.cc
  enum class Publish { kNow, kIfDue };
  void publish(Publish when);
  [[nodiscard]] ThreadState state() const;
  TaskMetadata describe(StreamTask& task, bool with_stores);

  // thread_commit.cc
  enum class CommitMode {
    kIfDue,  ///< Don't wait for its outcome: go on processing, see PendingCommit.
    kNow,    ///< Commit all there is, and know the outcome.
  };
  Status commit(CommitMode mode);
  [[nodiscard]] Duration until_commit(Timestamp now) const;
  [[nodiscard]] Timestamp early(Timestamp from) const;
  Status commit_tasks(const std::vector<StreamTask*>& tasks, CommitMode mode);
  void take_commit(const std::vector<StreamTask*>& tasks, std::vector<CommitMark> marks);
  Status settle_commit(Duration timeout);
  Status wait_for_commit();
  void give_up_pending_commit();
  Status confirm_commit(const PendingCommit& commit);
  std::vector<CommitMark> write_changes(const std::vector<StreamTask*>& tasks);
  OffsetsByPartition offsets_of(const std::vector<StreamTask*>& tasks,
                                const std::vector<CommitMark>& marks);
  std::optional<ProducerStatus> send_commit(const OffsetsByPartition& offsets, CommitMode mode);
  Status handle_fault(ProducerStatus fault);
  Status rewind_tasks();
  void finish_inputs(Timestamp now);

  RuntimeServices* services_;
  int index_;
  std::unique_ptr<Consumer> consumer_;
  std::unique_ptr<Consumer> restore_consumer_;
  ThreadCollector collector_;
  CacheBudget cache_budget_;
  std::unique_ptr<GlobalState> globals_;
  std::map<TaskId, std::unique_ptr<StreamTask>> tasks_;
  std::map<TaskId, std::unique_ptr<TaskRestore>> restores_;
  std::set<TaskId> to_open_;
  std::optional<CommitsReader> commits_reader_;  // while tasks are opened
  std::map<TopicPartition, StreamTask*> owners_;
  std::set<TopicPartition> paused_;
  Lease lease_;
  bool suspended_ = true;
  bool shut_down_ = false;
  Timestamp commit_began_;
  Timestamp commit_ended_;  ///< The last one; while it is under way, its begin.
  std::size_t processed_since_commit_ = 0;
  Timestamp last_processed_at_;
  std::size_t processed_last_ = 0;  ///< In the last step.
  std::optional<PendingCommit> pending_commit_;
  std::optional<Timestamp> retry_open_at_;
  std::string unfetchable_;                      // what the last look_again was about
  std::optional<Timestamp> reopen_producer_at_;  // there is none: it couldn't be opened

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable arrived_;
  std::deque<Command> commands_;
  std::function<bool(int)> upstream_finished_;
  std::set<TaskId> finished_;
  std::set<TaskId> finishing_;  // advanced, not yet committed; the thread's own
  std::atomic<bool> all_running_{false};
  std::atomic<bool> fenced_{false};
  std::atomic<bool> ended_{false};

  ThreadReport report_;
  Timestamp published_ = Timestamp::none();
  Timestamp stores_published_ = Timestamp::none();
  std::map<TaskId, std::vector<StoreMetadata>> store_sizes_;

  Histogram* commit_latency_;
  Histogram* end_to_end_;
  Histogram* process_latency_;
  Counter* commits_;
  Counter* aborts_;
  std::map<std::string, Counter*, std::less<>> records_in_;  // by topic
};

}  // namespace millstream
