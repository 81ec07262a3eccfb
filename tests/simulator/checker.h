#pragma once

#include <millstream/runtime/stream_task.h>
#include <millstream/state/task_state.h>

#include "applications.h"
#include "cluster.h"
#include "simulated_disk.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace millstream::simulation {

/// Compares what the brokers hold, and the machines' stores, with what the model of the application
/// says, as far as commits have gone. Each fact is looked at once, when it becomes stable.
/// DESIGN's invariants: docs/exactly-once.md says which is checked where.
class Checker {
 public:
  Checker(const Application& application, Cluster& cluster);

  /// Look at what is new on the brokers; false: nothing.
  bool check_brokers();
  /// A task that runs: its stores are those of its last commit.
  void check_task(StreamTask& task);
  /// The stores of a task that runs are those of the model.
  void compare_rows(StreamTask& task, const ModelState& model);
  /// A machine is about to write this.
  void check_write(const SimulatedDisk::Write& write);
  /// The brokers have decided that this producer's transaction is committed.
  void note_decision(std::int64_t producer);
  /// An operator has set the offset of a source: what lies between is not processed.
  void note_offset_set(const TopicPartition& source, Offset offset);
  /// The group offset of a source was moved back by a fault.
  void note_moved_back(const TopicPartition& source) { moved_back_.insert(source); }
  void report(std::string violation);

  /// The first thing that was wrong; empty: nothing.
  [[nodiscard]] const std::string& violation() const { return violation_; }
  /// Everything that came in has been processed, and everything that must come out has.
  [[nodiscard]] bool complete() const;
  /// What is still missing, for a person.
  [[nodiscard]] std::string missing() const;
  [[nodiscard]] std::uint64_t records() const { return records_; }
  [[nodiscard]] std::uint64_t commits() const { return commits_; }
  [[nodiscard]] bool consumed(const TopicPartition& source, Offset end) const;
  /// How far the commits of a source have gone.
  [[nodiscard]] Offset progress(const TopicPartition& source) const;
  /// How far a topic of commit records has been read, a changelog been checked; of any other topic:
  /// no bound.
  [[nodiscard]] Offset read_up_to(const TopicPartition& partition) const;

 private:
  struct Task {
    std::optional<CommitMark> mark;
    std::uint64_t decided = 0;
    std::map<TopicPartition, Offset> consumed;
    std::map<std::string, Offset> folded_to;
    std::map<std::string, std::map<std::string, std::string>> folded;
    ModelState model;
    std::uint64_t compared = 0;
  };
  struct Outputs {
    std::map<std::string, std::vector<std::string>> expected;
    std::map<std::string, std::vector<std::string>> seen;
  };
  void read_commits();
  [[nodiscard]] bool is_stable(TaskId id, const CommitMark& mark) const;
  [[nodiscard]] bool has_read_all_commits() const;
  void check_atomicity();
  void take_commit(TaskId id, const CommitMark& mark);
  void replay(TaskId id, Task& task, const CommitMark& mark);
  void fold(TaskId id, Task& task, const CommitMark& mark);
  void read_outputs();
  void compare_outputs(const std::string& topic, const std::string& key);
  void read_group_offsets();
  [[nodiscard]] const Subtopology& subtopology(int id) const;
  [[nodiscard]] std::string full_name(const SourceTopic& source) const;
  [[nodiscard]] std::string changelog(const StoreSpec& store) const;

  const Application* application_;
  Cluster* cluster_;
  std::map<TaskId, Task> tasks_;
  std::map<TopicPartition, Offset> cursors_;
  std::map<std::string, Outputs> outputs_;
  /// Keys with outputs since the last look at whether they belong to a commit.
  std::set<std::pair<std::string, std::string>> to_justify_;
  std::map<TopicPartition, CommittedOffset> group_offsets_;
  std::map<TopicPartition, std::pair<Offset, Offset>> skipped_;
  std::set<TopicPartition> moved_back_;
  std::string violation_;
  std::uint64_t version_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t commits_ = 0;
};

}  // namespace millstream::simulation
