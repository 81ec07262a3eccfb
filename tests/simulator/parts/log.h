#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/time.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace millstream::simulation {

/// One offset of a simulated partition.
struct LogEntry {
  enum class Kind : std::uint8_t { kRecord, kCommitMarker, kAbortMarker };
  Kind kind = Kind::kRecord;
  bool aborted = false;
  /// Taken away by compaction.
  bool removed = false;
  /// -1: written without a transaction.
  std::int64_t producer = -1;
  std::optional<std::string> key;
  std::optional<std::string> value;
  Timestamp timestamp;
  Timestamp appended_at;

  [[nodiscard]] bool readable() const { return kind == Kind::kRecord && !aborted && !removed; }
};

/// The log of one partition as Kafka keeps it: control records take offsets, a transaction's
/// records are there at once, and readers of committed records stop before the first open
/// transaction.
class PartitionLog {
 public:
  Offset append(LogEntry entry);
  /// End a producer's transaction here: its marker, and its records' fate.
  void end_transaction(std::int64_t producer, bool commit, Timestamp now);
  /// Remove what newer records of the same key below the last stable offset make needless, up to
  /// `limit`, and tombstones older than `retention`.
  void compact(Offset limit, Timestamp now, Duration tombstone_retention);

  [[nodiscard]] Offset end() const { return Offset{static_cast<std::int64_t>(entries_.size())}; }
  [[nodiscard]] Offset last_stable() const;
  [[nodiscard]] const LogEntry& at(Offset offset) const {
    return entries_[static_cast<std::size_t>(to_int(offset))];
  }

 private:
  std::vector<LogEntry> entries_;
  std::map<std::int64_t, Offset> open_;  // the first offset of each open transaction
};

}  // namespace millstream::simulation
