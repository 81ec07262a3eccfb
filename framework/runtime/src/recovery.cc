#include "recovery.h"

#include <millstream/core/fault_points.h>

#include <charconv>

namespace millstream {

namespace {

constexpr std::string_view kPrefix = "millstream/1 ";

template <class T>
bool read_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<std::string_view> field(std::string_view text, std::string_view name) {
  const std::string label = std::string(name) + "=";
  const auto at = text.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + label.size());
  return text.substr(0, text.find(' '));
}

/// Whether the tail of a changelog may lack deletions that came after the local state.
bool is_too_old(const RecoveryFacts& facts) {
  if (!facts.record || !facts.stored || facts.now == Timestamp::none()) return false;
  const bool behind = facts.stored->number < facts.record->number;
  return behind && facts.now - facts.stored->committed_at >= facts.tombstone_retention &&
         !MILLSTREAM_MUTANT(kOldStateKept);
}

/// The offset of one source: the record's, unless the group's was set by hand.
void choose_offset(const TopicPartition& source, const RecoveryFacts& facts, RecoveryPlan& plan) {
  const auto committed = facts.committed.find(source);
  if (committed == facts.committed.end()) return;
  const auto metadata = OffsetMetadata::parse(committed->second.metadata);
  const auto recorded = plan.mark.input_offsets.find(source);
  if (recorded == plan.mark.input_offsets.end()) {
    plan.mark.input_offsets[source] = committed->second.offset;
    return;
  }
  if (MILLSTREAM_MUTANT(kGroupOffsetWins)) recorded->second = committed->second.offset;
  if (MILLSTREAM_MUTANT(kResetNotFollowed)) return;
  if (metadata) {
    if (metadata->number < plan.mark.number) {
      plan.notice += "the group's offset of " + source.to_string() + " is of commit " +
                     std::to_string(metadata->number) + ", the task's of " +
                     std::to_string(plan.mark.number) + ": the task's is taken; ";
    }
    return;
  }
  if (committed->second.offset == recorded->second) return;
  plan.notice += "the offset of " + source.to_string() + " was set from outside to " +
                 std::to_string(to_int(committed->second.offset)) + ": followed, state kept; ";
  recorded->second = committed->second.offset;
}

}  // namespace

std::string OffsetMetadata::to_text() const {
  return std::string(kPrefix) + "n=" + std::to_string(number) + " lineage=" + lineage +
         " record=" + std::to_string(to_int(commit_record));
}

std::optional<OffsetMetadata> OffsetMetadata::parse(std::string_view text) {
  if (!text.starts_with(kPrefix)) return std::nullopt;
  const auto number = field(text, "n");
  const auto lineage = field(text, "lineage");
  const auto record = field(text, "record");
  OffsetMetadata metadata;
  std::int64_t offset = -1;
  if (!number || !lineage || !record || !read_number(*number, metadata.number) ||
      !read_number(*record, offset)) {
    return std::nullopt;
  }
  metadata.lineage = *lineage;
  metadata.commit_record = Offset{offset};
  return metadata;
}

Result<RecoveryPlan> plan_recovery(const RecoveryFacts& facts) {
  RecoveryPlan plan;
  if (facts.record) plan.mark = *facts.record;
  if (!facts.record && facts.stored && facts.stored->number > 0) {
    if (facts.committed.empty()) {
      return Error::machine(
          "there is local state of commit " + std::to_string(facts.stored->number) +
          ", but the broker knows neither a commit record nor offsets: it is another broker, or "
          "its "
          "topics were deleted. Point bootstrap.servers to the right one, or delete the task's "
          "state directory to start anew");
    }
    plan.wipe = true;
    plan.notice = "local state without a commit record on the broker: rebuilt from changelogs; ";
  }
  if (facts.record && facts.stored) {
    // State that was never committed has no lineage yet: whoever commits first gives it one.
    if (facts.stored->number > 0 && facts.stored->lineage != facts.record->lineage) {
      plan.wipe = true;
      plan.notice =
          "local state is of another lineage (copied, or topics were made anew): rebuilt; ";
    } else if (MILLSTREAM_MUTANT(kWipeWhenBehind) && facts.stored->number > 0 &&
               facts.stored->number < facts.record->number) {
      plan.wipe = true;
    } else if (facts.stored->number > facts.record->number) {
      plan.wipe = true;
      plan.notice = "local state is ahead of the broker (commit " +
                    std::to_string(facts.stored->number) + " against " +
                    std::to_string(facts.record->number) + "): rebuilt; ";
    }
  }
  if (!plan.wipe && is_too_old(facts)) {
    plan.wipe = true;
    plan.notice = "local state is older than the changelogs remember deletions: rebuilt; ";
  }
  for (const TopicPartition& source : facts.sources) choose_offset(source, facts, plan);
  return plan;
}

}  // namespace millstream
