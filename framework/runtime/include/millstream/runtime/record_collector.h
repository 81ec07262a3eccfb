#pragma once

#include <millstream/core/ids.h>
#include <millstream/transport/broker.h>

#include <string_view>

namespace millstream {

/// Takes the records that a task writes. The runtime's sends them in the thread's transaction, the
/// test driver's keeps them. **Thread**: the task's.
class RecordCollector {
 public:
  virtual ~RecordCollector() = default;
  /// Take a record for a topic by its full name. **Errors**: an Error that says why the broker
  /// can't have it (unknown topic, too large); faults of a transaction show at its commit instead.
  virtual Status send(const OutgoingRecord& record) = 0;
  /// Partitions of a topic by its full name; 0 when it doesn't exist.
  [[nodiscard]] virtual PartitionId partition_count(std::string_view topic) = 0;
};

}  // namespace millstream
