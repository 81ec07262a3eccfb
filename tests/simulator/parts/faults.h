#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace millstream::simulation {

/// What goes wrong in a schedule.
enum class Fault {
  kKill,                ///< kill -9 of an instance, started again later.
  kKillAtPoint,         ///< The same at a fail-point of the protocol.
  kMachineLoss,         ///< kill -9, and the disk loses what wasn't synced.
  kDiskLoss,            ///< kill -9, and the state directory is empty afterwards.
  kStop,                ///< SIGSTOP for longer or shorter than the session and the transaction.
  kCloseAndStart,       ///< A clean stop and start.
  kRebalance,           ///< The group shares out anew for no reason.
  kLostRequest,         ///< A transactional request never arrives.
  kLostAnswer,          ///< It arrives, its answer doesn't.
  kLateRequest,         ///< It arrives after it was given up and sent again.
  kFailedRecord,        ///< A record isn't delivered.
  kRefusedOffsets,      ///< Offsets are refused although the lease is current.
  kTransactionTimeout,  ///< The broker aborts an open transaction.
  kUnknownOutcome,      ///< The producer gives up a commit that may have gone through.
  kNoTransactions,      ///< The transaction coordinator is away.
  kNoGroups,            ///< The group coordinator is away.
  kSlowMarkers,         ///< A commit is decided long before its markers are written.
  kCompaction,          ///< Compacted topics are cleaned.
  kOldTombstones,       ///< Two days pass, and tombstones go.
  kOffsetMovedBack,     ///< A group offset is as it was a commit before.
  kOffsetExpiry,        ///< Hours pass, and the broker forgets old offsets.
  kOffsetSet,           ///< An operator sets an offset while nothing runs.
  kFailedAdmin,         ///< A question about offsets isn't answered.
};

inline constexpr std::size_t kFaultCount = static_cast<std::size_t>(Fault::kFailedAdmin) + 1;
inline constexpr std::array<std::string_view, kFaultCount> kFaultNames = {"kill",
                                                                          "kill-at-point",
                                                                          "machine-loss",
                                                                          "disk-loss",
                                                                          "stop",
                                                                          "close-and-start",
                                                                          "rebalance",
                                                                          "lost-request",
                                                                          "lost-answer",
                                                                          "late-request",
                                                                          "failed-record",
                                                                          "refused-offsets",
                                                                          "transaction-timeout",
                                                                          "unknown-outcome",
                                                                          "no-transactions",
                                                                          "no-groups",
                                                                          "slow-markers",
                                                                          "compaction",
                                                                          "old-tombstones",
                                                                          "offset-moved-back",
                                                                          "offset-expiry",
                                                                          "offset-set",
                                                                          "failed-admin"};

using FaultCounts = std::array<std::uint64_t, kFaultCount>;

/// Faults that wait for the next request which they fit. Each hits once.
class ArmedFaults {
 public:
  void arm(Fault fault) { ++waiting_[static_cast<std::size_t>(fault)]; }
  /// True if one waits; it is spent then.
  bool hit(Fault fault) {
    auto& waiting = waiting_[static_cast<std::size_t>(fault)];
    if (waiting == 0) return false;
    --waiting;
    ++hits_[static_cast<std::size_t>(fault)];
    return true;
  }
  void count(Fault fault) { ++hits_[static_cast<std::size_t>(fault)]; }
  void disarm() { waiting_ = {}; }
  [[nodiscard]] const FaultCounts& hits() const { return hits_; }

 private:
  FaultCounts waiting_{};
  FaultCounts hits_{};
};

}  // namespace millstream::simulation
