#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/result.h>
#include <millstream/state/task_state.h>
#include <millstream/transport/broker.h>

#include <memory>
#include <optional>

namespace millstream {

struct RuntimeServices;

/// Reads tasks' commit records; one reader for all tasks that are opened together, since a
/// consumer of its own for each would be most of what opening them takes. **Thread**: one.
class CommitsReader {
 public:
  explicit CommitsReader(const RuntimeServices& services) : services_(&services) {}

  /// The last committed record of a task in its partition of the commits topic, from an offset up
  /// to `end`. Blocks for the broker's answers. **Errors**: kMachine; kData for a damaged record.
  Result<std::optional<CommitMark>> newest(TaskId task, const PartitionPosition& from, Offset end);

 private:
  Result<std::optional<CommitMark>> read(TaskId task, const TopicPartition& partition, Offset end);

  const RuntimeServices* services_;
  std::unique_ptr<Consumer> consumer_;
};

}  // namespace millstream
