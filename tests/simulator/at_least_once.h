#pragma once

#include <millstream/state/task_state.h>

#include "applications.h"
#include "cluster.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace millstream::simulation {

/// What at_least_once promises, looked at from outside: every record of an input has its results,
/// none has them twice before something went wrong, and the group's offsets end where the inputs
/// do. Its commits are no transactions, so that more can't be said of what lies between.
class AtLeastOnce {
 public:
  AtLeastOnce(const Application& application, Cluster& cluster)
      : application_(&application), cluster_(&cluster) {}

  /// A result that is there twice, for a person; empty: none.
  [[nodiscard]] std::string repeated() const;
  /// What isn't processed yet, or is lost; empty: nothing.
  [[nodiscard]] std::string missing() const;
  /// The group's offset of a source, or the task's if its commit record is newer.
  [[nodiscard]] Offset progress(const TopicPartition& source) const;
  /// Up to where the newest commit record names a changelog; the end of any other topic.
  [[nodiscard]] Offset committed_end(const TopicPartition& partition) const;
  /// The rows that a task's stores must have once everything is processed, if they are exact.
  [[nodiscard]] ModelState state_of(TaskId task) const;
  /// Records of the sources.
  [[nodiscard]] std::uint64_t records() const;

 private:
  [[nodiscard]] std::map<TaskId, CommitMark> newest_marks() const;
  /// By topic and key.
  using Outputs = std::map<std::pair<std::string, std::string>, std::vector<std::string>>;
  [[nodiscard]] Outputs expected() const;
  [[nodiscard]] Outputs seen() const;
  ModelState replay(const Subtopology& subtopology, PartitionId partition,
                    std::vector<ModelOutput>& outputs) const;
  [[nodiscard]] static std::string full_name(const SourceTopic& source);

  const Application* application_;
  Cluster* cluster_;
};

}  // namespace millstream::simulation
