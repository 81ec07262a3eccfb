#pragma once

#include "compaction.h"
#include "settings.h"
#include "write.h"

#include <millstream/core/log.h>
#include <millstream/core/time.h>
#include <millstream/rocks/database.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

namespace millstream::embedded {

/// Everything that takes records out of the log: retention, compaction, deletion. It has no thread:
/// whoever writes does a bounded piece of the work that the writing makes due.
/// **Thread**: safe; one works, the others go on without waiting.
class Maintenance {
 public:
  Maintenance(Database& database, const Settings& settings, const Clock& clock, Logger& logger)
      : database_(database), settings_(settings), clock_(clock), logger_(logger) {}

  /// Do some of the work that these parts made due. Failures are logged: the next write tries
  /// again.
  void after_write(std::span<const Write::Part> parts);

  /// Drop the records below an offset (kNone: all that readers can see).
  Status delete_records(PartitionLog& partition, Offset before);
  /// Drop all that a deleted topic left behind.
  Status drop_topic(const Topic& topic);

 private:
  /// When a partition is looked at next.
  struct Upkeep {
    Timestamp expire_at;
    std::uint64_t expire_at_bytes = 0;
  };

  void expire_if_due(const Write::Part& part);
  void compact(std::span<const Write::Part> parts, std::size_t budget);
  [[nodiscard]] bool is_dirty(const Topic& topic, const PartitionLog& partition) const;
  /// With the mutex held.
  using Keep = std::function<bool(const Block&)>;
  Status drop_blocks_until(PartitionLog& partition, const Keep& keep, std::size_t most_blocks);
  void report(const char* what, const PartitionLog& partition, const Status& status);

  Database& database_;
  const Settings& settings_;
  const Clock& clock_;
  Logger& logger_;
  std::mutex mutex_;
  std::map<const PartitionLog*, Upkeep> upkeep_;
  std::unique_ptr<Compaction> compaction_;
};

}  // namespace millstream::embedded
