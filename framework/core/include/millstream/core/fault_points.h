#pragma once

// Places where tests break the commit protocol or kill the process. Builds without
// MILLSTREAM_FAULTS, so every build but the simulator's and the fail-point tests', have nothing
// here: a mutant is the constant false, a fail-point no statement at all.

#ifdef MILLSTREAM_FAULTS

namespace millstream::faults {

/// A mistake that somebody could make in the protocol, built in so that the simulator has to find
/// it. Each stands where the mistake would.
enum class Mutant {
  kNone,
  kSpillBeforeCommit,     ///< The store is written before the broker has the commit.
  kTornSpill,             ///< The mark and the rows are written one after the other.
  kAbortDropsCommitted,   ///< An abort also forgets what is committed and not yet spilt.
  kAbortKeepsDirty,       ///< An abort keeps the changes.
  kAbortKeepsQueues,      ///< An abort keeps what is queued, and fetches it again.
  kAbortDoesNotSeek,      ///< An abort doesn't go back in the source partitions.
  kFreshLease,            ///< Offsets are sent under the lease of now, not of the work.
  kRevokeWithoutCommit,   ///< A revoke is acknowledged with the transaction open.
  kLastStableEnd,         ///< A restore ends at the last stable offset.
  kRecordToLastStable,    ///< The newest commit record is sought up to the last stable offset.
  kSourceReadsAborted,    ///< Sources are read with aborted records.
  kRestoreReadsAborted,   ///< Changelogs are read with aborted records.
  kNoGuard,               ///< A producer goes on after a request that may still be under way.
  kIdleOffsetsForgotten,  ///< Offsets of idle partitions aren't committed again.
  kOperatorStateLeftOut,  ///< The operators' own state isn't committed.
  kOnePosition,           ///< One changelog position for all stores of a task.
  kSourceTopicToEnd,      ///< A source topic reused as changelog is restored to its end.
  kGroupOffsetWins,       ///< The group's offset is taken although the commit record is newer.
  kResetNotFollowed,      ///< An offset that an operator set is ignored.
  kFetchedOffset,         ///< What is fetched is committed, not what is processed.
  kWipeWhenBehind,        ///< A store that is behind is wiped.
  kInterruptedRestored,   ///< At least once: an interrupted commit's records are restored.
  kRefusalKept,           ///< At least once: a refused record is held against every later commit.
  kOldStateKept,          ///< A store older than the tombstones' retention is rolled forward.
};

[[nodiscard]] bool is_active(Mutant mutant);
/// The protocol has come to the point of this name. May not return.
void reach(const char* point);

}  // namespace millstream::faults

#define MILLSTREAM_MUTANT(mutant) \
  (::millstream::faults::is_active(::millstream::faults::Mutant::mutant))
#define MILLSTREAM_FAIL_POINT(name) ::millstream::faults::reach(name)

#else

#define MILLSTREAM_MUTANT(mutant) false
#define MILLSTREAM_FAIL_POINT(name) static_cast<void>(0)

#endif
