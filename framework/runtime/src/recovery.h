#pragma once

#include <millstream/core/ids.h>
#include <millstream/state/task_state.h>
#include <millstream/transport/broker.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millstream {

/// What stands beside a committed offset: which commit of which lineage made it, and where that
/// commit's record lies, so that a restart finds it in one read.
struct OffsetMetadata {
  std::uint64_t number = 0;
  std::string lineage;
  Offset commit_record = Offset::kNone;

  [[nodiscard]] std::string to_text() const;
  /// Nothing when the text is not ours: an operator or another client set the offset.
  static std::optional<OffsetMetadata> parse(std::string_view text);
};

/// `delete.retention.ms` where a topic doesn't say otherwise.
inline constexpr Duration kTombstoneRetention{24LL * 3600 * 1000};

/// All that is known of a task when it is taken over.
struct RecoveryFacts {
  std::vector<TopicPartition> sources;
  /// The group's committed offsets of the sources.
  OffsetsByPartition committed;
  /// The newest commit record on the broker.
  std::optional<CommitMark> record;
  /// What the local directory holds.
  std::optional<CommitMark> stored;
  /// By the wall clock; none: not known.
  Timestamp now = Timestamp::none();
  /// How long the changelogs keep a deletion before they forget it too.
  Duration tombstone_retention = kTombstoneRetention;
};

/// Where a task goes on.
struct RecoveryPlan {
  /// The commit to be restored to; number 0: a task that never committed.
  CommitMark mark;
  /// Drop the local state first, and why.
  bool wipe = false;
  /// What a person should be told; empty: nothing unusual.
  std::string notice;
};

/// Decide which offset wins and whether local state may be kept. **Source**: DESIGN, "Which offset
/// wins" and the crash table. **Errors**: kMachine when state is there but nothing on the broker
/// says where it goes on.
Result<RecoveryPlan> plan_recovery(const RecoveryFacts& facts);

}  // namespace millstream
