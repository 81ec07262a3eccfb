#include "recovery.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace millstream {
namespace {

const TopicPartition kSource{"in", 0};

CommitMark mark(std::uint64_t number, std::int64_t offset, const std::string& lineage = "a") {
  CommitMark mark;
  mark.number = number;
  mark.lineage = lineage;
  mark.input_offsets[kSource] = Offset{offset};
  return mark;
}

OffsetsByPartition committed(std::int64_t offset, std::optional<std::uint64_t> number) {
  const std::string metadata =
      number ? OffsetMetadata{*number, "a", Offset{3}}.to_text() : std::string();
  return {{kSource, {Offset{offset}, metadata}}};
}

RecoveryPlan plan(RecoveryFacts facts) {
  facts.sources = {kSource};
  auto plan = plan_recovery(facts);
  EXPECT_TRUE(plan);
  return plan ? *plan : RecoveryPlan();
}

TEST(OffsetMetadata, RoundTripsAndRefusesForeignText) {
  const OffsetMetadata metadata{7, "00ff", Offset{12}};
  const auto parsed = OffsetMetadata::parse(metadata.to_text());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->number, 7U);
  EXPECT_EQ(parsed->lineage, "00ff");
  EXPECT_EQ(parsed->commit_record, Offset{12});
  EXPECT_FALSE(OffsetMetadata::parse(""));
  EXPECT_FALSE(OffsetMetadata::parse("AgAAAZ"));
  EXPECT_FALSE(OffsetMetadata::parse("millstream/1 n=x lineage=a record=1"));
}

TEST(Recovery, OfANewTaskHasNoCommit) {
  const RecoveryPlan fresh = plan({});
  EXPECT_EQ(fresh.mark.number, 0U);
  EXPECT_TRUE(fresh.mark.input_offsets.empty());
  EXPECT_FALSE(fresh.wipe);
}

TEST(Recovery, GoesOnWhereTheCommitRecordSays) {
  const RecoveryPlan same =
      plan({.committed = committed(10, 4), .record = mark(4, 10), .stored = mark(4, 10)});
  EXPECT_EQ(same.mark, mark(4, 10));
  EXPECT_FALSE(same.wipe);
  EXPECT_EQ(same.notice, "");
}

TEST(Recovery, KeepsAStoreThatIsMerelyBehind) {
  const RecoveryPlan behind =
      plan({.committed = committed(10, 4), .record = mark(4, 10), .stored = mark(1, 2)});
  EXPECT_EQ(behind.mark.number, 4U);
  EXPECT_FALSE(behind.wipe);
}

TEST(Recovery, FollowsAnOffsetThatAnOperatorSet) {
  const RecoveryPlan reset =
      plan({.committed = committed(2, std::nullopt), .record = mark(4, 10), .stored = mark(4, 10)});
  EXPECT_EQ(reset.mark.input_offsets.at(kSource), Offset{2});
  EXPECT_FALSE(reset.wipe);
  EXPECT_NE(reset.notice.find("set from outside"), std::string::npos);
}

TEST(Recovery, TakesTheRecordsOffsetOverAnOlderCommittedOne) {
  const RecoveryPlan moved_back = plan({.committed = committed(5, 3), .record = mark(4, 10)});
  EXPECT_EQ(moved_back.mark.input_offsets.at(kSource), Offset{10});
  EXPECT_NE(moved_back.notice, "");
}

TEST(Recovery, RebuildsAStoreThatIsAheadOfTheBroker) {
  const RecoveryPlan ahead =
      plan({.committed = committed(10, 4), .record = mark(4, 10), .stored = mark(5, 12)});
  EXPECT_TRUE(ahead.wipe);
  EXPECT_NE(ahead.notice.find("ahead"), std::string::npos);
}

TEST(Recovery, RebuildsAStoreOfAnotherLineage) {
  const RecoveryPlan copied =
      plan({.committed = committed(10, 4), .record = mark(4, 10), .stored = mark(4, 10, "b")});
  EXPECT_TRUE(copied.wipe);
}

TEST(Recovery, KeepsStateThatWasNeverCommittedUnderAnyLineage) {
  const RecoveryPlan fresh =
      plan({.committed = committed(10, 4), .record = mark(4, 10), .stored = mark(0, 0, "b")});
  EXPECT_FALSE(fresh.wipe);
  EXPECT_EQ(fresh.mark.lineage, "a");
}

TEST(Recovery, RebuildsAStoreOlderThanItsChangelogsRememberDeletions) {
  CommitMark old = mark(1, 2);
  old.committed_at = Timestamp(0);
  RecoveryFacts facts{.committed = committed(10, 4), .record = mark(4, 10), .stored = old};
  facts.now = Timestamp(0) + kTombstoneRetention - Duration(1);
  EXPECT_FALSE(plan(facts).wipe);
  facts.now = Timestamp(0) + kTombstoneRetention;
  EXPECT_TRUE(plan(facts).wipe);
  facts.stored->number = 4;  // not behind: nothing can be missing
  EXPECT_FALSE(plan(facts).wipe);
}

TEST(Recovery, TakesOffsetsOfAnApplicationThatHadNoCommitRecords) {
  const RecoveryPlan taken_over = plan({.committed = committed(10, std::nullopt)});
  EXPECT_EQ(taken_over.mark.input_offsets.at(kSource), Offset{10});
  EXPECT_EQ(taken_over.mark.number, 0U);
}

TEST(Recovery, RefusesStateOfWhichTheBrokerKnowsNothing) {
  RecoveryFacts facts{.sources = {kSource}, .stored = mark(4, 10)};
  const auto refused = plan_recovery(facts);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::kMachine);
}

}  // namespace
}  // namespace millstream
