#pragma once

#include <millstream/runtime/thread_metadata.h>
#include <millstream/state/task_state.h>
#include <millstream/transport/broker.h>

#include "commits_reader.h"
#include "recovery.h"
#include "runtime_services.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace millstream {

/// A task on its way to where it left off: its state, the commit that it is restored to, and what
/// is still to be read of its changelogs. **Thread**: the stream thread's.
class TaskRestore {
 public:
  /// Open the task's state, find out where it goes on, and which changelog tails it needs. Blocks
  /// for the broker's answers. **Errors**: kMachine; the task can be tried again.
  static Result<std::unique_ptr<TaskRestore>> begin(RuntimeServices& services,
                                                    CommitsReader& commits, TaskId task);

  [[nodiscard]] TaskId task() const { return task_; }
  /// The changelog partitions to be read, each from its position.
  [[nodiscard]] std::vector<PartitionPosition> remaining() const;
  [[nodiscard]] bool owns(const TopicPartition& changelog) const {
    return tails_.contains(changelog);
  }
  /// Apply records of one changelog; `position` is the consumer's after them.
  Status apply(const FetchedBatch& batch, Offset position);
  /// The consumer has reached `position` without records.
  Status note_position(const TopicPartition& changelog, Offset position);
  [[nodiscard]] bool finished() const;
  /// It took so long that deletions which it hasn't read may be forgotten by now: what it has is
  /// worth nothing. **Errors**: kMachine.
  Result<bool> outlived();
  /// Drop what was restored, and the state.
  Status abandon();
  /// The task's stores, and how far each restore is.
  [[nodiscard]] std::vector<StoreMetadata> stores() const;

  /// Everything is there: the state, and the commit that it belongs to.
  Result<std::unique_ptr<TaskState>> finish();
  [[nodiscard]] const CommitMark& mark() const { return mark_; }

 private:
  struct Tail {
    std::string store;
    Offset position = Offset::kNone;
    Offset from = Offset::kNone;
    Offset end = Offset::kNone;
    /// Behind `end`, up to here, lies what an interrupted commit has written.
    Offset log_end = Offset::kNone;
    std::uint64_t records = 0;
    bool ended = false;
  };
  TaskRestore(RuntimeServices& services, TaskId task) : services_(&services), task_(task) {}

  [[nodiscard]] bool exactly_once() const;
  void note_end(Tail& tail);
  Status open_state();
  Result<RecoveryFacts> gather_facts(CommitsReader& commits);
  Result<std::optional<CommitMark>> read_commit_record(CommitsReader& commits,
                                                       const OffsetsByPartition& committed);
  Status read_tombstone_retention(RecoveryFacts& facts);
  Result<Duration> tombstone_retention();
  Status note_begin();
  Status complete_offsets(const RecoveryFacts& facts);
  Status find_tails();
  void leave_out_interrupted(Tail& tail);

  RuntimeServices* services_;
  TaskId task_;
  const Subtopology* subtopology_ = nullptr;
  std::unique_ptr<TaskState> state_;
  CommitMark mark_;
  bool never_committed_ = false;
  Timestamp began_;
  std::map<TopicPartition, Tail> tails_;
};

}  // namespace millstream
