#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/time.h>

#include "runtime_services.h"

#include <map>
#include <optional>
#include <set>

namespace millstream {

/// Removes the directories of tasks that this instance has not owned for `state.cleanup.delay.ms`.
///
/// Only what is named as a task and holds a RocksDB is touched, and the delay counts from when the
/// cleaner first found it unowned, so that a task that comes back soon finds its state. **Thread**:
/// one. **Source**: StateDirectory.cleanRemovedTasks of Kafka Streams.
class StateCleaner {
 public:
  explicit StateCleaner(const RuntimeServices& services) : services_(&services) {}

  [[nodiscard]] bool due(Timestamp now) const;
  /// Look, if it's time. `in_use`: tasks that are owned, or still open in a thread.
  void step(const std::set<TaskId>& in_use, Timestamp now);

 private:
  const RuntimeServices* services_;
  std::optional<Timestamp> last_;
  std::map<TaskId, Timestamp> unowned_since_;
};

}  // namespace millstream
