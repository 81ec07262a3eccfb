#pragma once

#include <millstream/core/time.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
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
  kStuckWork,           ///< A record keeps its thread for longer than a revoke is waited for.
};

inline constexpr std::size_t kFaultCount = static_cast<std::size_t>(Fault::kStuckWork) + 1;
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
                                                                          "failed-admin",
                                                                          "stuck-work"};

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
  [[nodiscard]] std::uint64_t total() const {
    return std::accumulate(hits_.begin(), hits_.end(), std::uint64_t{0});
  }
  [[nodiscard]] std::uint64_t of(Fault fault) const {
    return hits_[static_cast<std::size_t>(fault)];
  }
  [[nodiscard]] bool waits() const {
    return std::any_of(waiting_.begin(), waiting_.end(), [](auto count) { return count > 0; });
  }
  /// How late a late request may be.
  Duration latest{6000};

 private:
  FaultCounts waiting_{};
  FaultCounts hits_{};
};

}  // namespace millstream::simulation
