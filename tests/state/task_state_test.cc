// What a task's state promises across commits, aborts, spills, crashes and restores, whatever the
// stores stand on.
#include <millstream/core/serdes.h>
#include <millstream/state/errors.h>
#include <millstream/state/task_state.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "task_state_fixture.h"

namespace millstream {
namespace {

using testing::Backing;
using testing::content;
using testing::key_value;
using testing::StateUnderTest;

std::string changes(TaskState& state, std::string_view store) {
  std::string out;
  state.for_each_change(store, [&](const ChangelogRecord& record) {
    out += std::string(record.key) + "=" + std::string(record.value.value_or("null")) + ",";
  });
  return out;
}

class TaskStateTest : public ::testing::TestWithParam<Backing> {
 protected:
  StateUnderTest under_test_{GetParam(), {key_value("s"), key_value("m", false)}};
  TaskState& state() { return under_test_.state(); }
  ByteStore& s() { return under_test_.store("s"); }
  ByteStore& m() { return under_test_.store("m"); }
  [[nodiscard]] bool has_database() const { return GetParam() != Backing::kMemory; }
};

INSTANTIATE_TEST_SUITE_P(Backings, TaskStateTest,
                         ::testing::Values(Backing::kMemory, Backing::kDatabase,
                                           Backing::kTinyBuffer),
                         testing::name_of_backing);

TEST_P(TaskStateTest, ReadsItsOwnWrites) {
  EXPECT_EQ(s().get("a"), std::nullopt);
  s().put("a", "1");
  EXPECT_EQ(s().get("a"), "1");
  s().put("a", "a longer value than before");
  EXPECT_EQ(s().get("a"), "a longer value than before");
  s().erase("a");
  EXPECT_EQ(s().get("a"), std::nullopt);
  s().put("", std::string("\0\xFF", 2));
  EXPECT_EQ(s().get(""), std::string_view("\0\xFF", 2));
}

TEST_P(TaskStateTest, WithoutTransactionsTheRowsOfAnAbortedCommitAreWrittenAgainWithTheNext) {
  StateUnderTest one(GetParam(), {key_value("s")}, /*rewrites_aborted=*/true);
  one.store("s").put("kept", "old");
  one.commit();
  one.store("s").put("kept", "new");
  one.store("s").put("added", "new");
  EXPECT_EQ(changes(one.state(), "s"), "kept=new,added=new,");
  one.state().abort();  // but the changelog has them

  EXPECT_TRUE(one.state().has_changes());
  EXPECT_EQ(changes(one.state(), "s"), "added=null,kept=old,");
  one.store("s").put("other", "1");
  one.state().abort();  // and again
  EXPECT_EQ(changes(one.state(), "s"), "added=null,kept=old,other=null,");
  one.commit();
  EXPECT_FALSE(one.state().has_changes());
  EXPECT_EQ(changes(one.state(), "s"), "");
}

TEST_P(TaskStateTest, WhatAnInterruptedCommitLeftInTheChangelogIsOverwrittenAndNotApplied) {
  StateUnderTest one(GetParam(), {key_value("s")}, /*rewrites_aborted=*/true);
  const std::vector<ChangelogRecord> committed{{"a", "1", Timestamp(1)}};
  const std::vector<ChangelogRecord> interrupted{{"a", "2", Timestamp(2)},
                                                 {"b", "1", Timestamp(2)}};
  ASSERT_TRUE(one.state().restore("s", committed, Offset{1}));
  ASSERT_TRUE(one.state().note_interrupted("s", interrupted));

  EXPECT_EQ(content(one.store("s")), "a=1,");
  EXPECT_EQ(changes(one.state(), "s"), "a=1,b=null,");
  EXPECT_EQ(one.state().restored_positions().at("s"), Offset{1});
}

TEST_P(TaskStateTest, AbortDropsOnlyWhatIsDirty) {
  s().put("kept", "old");
  s().put("erased", "old");
  under_test_.commit();
  s().put("kept", "new");
  s().erase("erased");
  s().put("added", "new");
  s().numbers().observed = Timestamp(5);
  EXPECT_TRUE(state().has_changes());
  state().abort();
  EXPECT_FALSE(state().has_changes());
  EXPECT_EQ(content(s()), "erased=old,kept=old,");
  EXPECT_EQ(s().numbers().observed, Timestamp::none());

  under_test_.spill();
  s().put("kept", "new");
  state().abort();
  EXPECT_EQ(content(s()), "erased=old,kept=old,");
}

TEST_P(TaskStateTest, SpillLeavesWhatIsDirty) {
  s().put("a", "committed");
  under_test_.commit();
  s().put("a", "dirty");
  s().put("b", "dirty");
  under_test_.spill();
  EXPECT_EQ(content(s()), "a=dirty,b=dirty,");
  EXPECT_EQ(changes(state(), "s"), "a=dirty,b=dirty,");
  state().abort();
  EXPECT_EQ(content(s()), "a=committed,");
  if (!has_database()) return;
  under_test_.reopen();
  EXPECT_EQ(content(s()), "a=committed,");
}

TEST_P(TaskStateTest, ACrashFallsBackToTheLastSpill) {
  if (!has_database()) GTEST_SKIP();
  s().put("a", "1");
  s().numbers() = {Timestamp(77), 3};
  under_test_.commit_and_spill();
  s().put("a", "2");
  s().put("b", "2");
  under_test_.commit();
  s().put("c", "3");
  EXPECT_EQ(state().stored_mark()->number, 1U);

  under_test_.reopen();
  EXPECT_EQ(content(s()), "a=1,");
  EXPECT_EQ(state().stored_mark()->number, 1U);
  EXPECT_EQ(state().stored_mark()->lineage, "test");
  EXPECT_EQ(s().numbers(), (StoreNumbers{Timestamp(77), 3}));
}

TEST_P(TaskStateTest, CloseSpillsIfAsked) {
  if (!has_database()) GTEST_SKIP();
  s().put("a", "1");
  under_test_.commit();
  ASSERT_TRUE(state().close(true));
  under_test_.reopen();
  EXPECT_EQ(content(s()), "a=1,");
}

TEST_P(TaskStateTest, EachKeyIsLoggedOnceInTheOrderOfItsFirstChange) {
  s().put("b", "1");
  s().put("a", "1");
  s().put("b", "2");
  s().erase("c");
  EXPECT_EQ(changes(state(), "s"), "b=2,a=1,c=null,");
  EXPECT_EQ(changes(state(), "m"), "");
  under_test_.commit();
  EXPECT_EQ(changes(state(), "s"), "");
}

TEST_P(TaskStateTest, DirtyRowsComeWithWhatWasBefore) {
  s().put("a", "1");
  s().put("b", "1");
  under_test_.commit_and_spill();
  s().put("a", "2");
  s().erase("b");
  s().put("c", "2");
  s().put("c", "3");
  std::string seen;
  s().for_each_dirty([&](auto key, auto before, auto now) {
    seen += std::string(key) + ":" + std::string(before.value_or("null")) + ">" +
            std::string(now.value_or("null")) + ",";
  });
  EXPECT_EQ(seen, "a:1>2,b:1>null,c:null>3,");
}

TEST_P(TaskStateTest, InMemoryStoresAreRestoredNotStored) {
  if (!has_database()) GTEST_SKIP();
  m().put("a", "1");
  CommitMark mark;
  mark.number = 1;
  mark.changelog_positions = {{"m", Offset{5}}, {"s", Offset{6}}};
  state().mark_committed(mark);
  under_test_.spill();
  under_test_.reopen();
  EXPECT_EQ(content(m()), "");
  EXPECT_FALSE(state().restored_positions().contains("m"));
  EXPECT_EQ(state().restored_positions().at("s"), Offset{6});
}

TEST_P(TaskStateTest, ScansSeeTheRangeInBothDirections) {
  for (const char* key : {"a", "b", "c", "d"}) s().put(key, "1");
  under_test_.commit_and_spill();
  s().erase("b");
  s().put("bb", "2");
  EXPECT_EQ(content(s()), "a=1,bb=2,c=1,d=1,");
  EXPECT_EQ(content(s(), Direction::kReverse), "d=1,c=1,bb=2,a=1,");
  const auto keys = [&](std::string_view from, std::string_view to, Direction direction) {
    std::string out;
    for (auto rows = s().scan(from, to, direction); rows->valid(); rows->next()) {
      out += std::string(rows->key()) + ",";
    }
    return out;
  };
  EXPECT_EQ(keys("b", "d", Direction::kForward), "bb,c,");
  EXPECT_EQ(keys("b", "d", Direction::kReverse), "c,bb,");
  EXPECT_EQ(keys("bb", {}, Direction::kForward), "bb,c,d,");
  EXPECT_EQ(keys("d", "a", Direction::kForward), "");
  EXPECT_EQ(keys("c", "c", Direction::kReverse), "");
}

TEST_P(TaskStateTest, AWalkSurvivesChangesOfTheStore) {
  for (int i = 0; i < 20; ++i) s().put("k" + std::to_string(100 + i), "v");
  under_test_.commit_and_spill();
  std::size_t seen = 0;
  for (auto rows = s().scan({}, {}, Direction::kForward); rows->valid(); rows->next()) {
    ++seen;
    const std::string key(rows->key());
    s().erase(key);
    s().put("a" + key, "before");
    EXPECT_EQ(s().get("nothing like it " + key), std::nullopt);
    EXPECT_EQ(rows->key(), key);
    EXPECT_EQ(rows->value(), "v");
  }
  EXPECT_EQ(seen, 20U);
}

TEST_P(TaskStateTest, AWalkSurvivesCommitAndSpill) {
  for (int i = 0; i < 20; ++i) s().put("k" + std::to_string(100 + i), "v");
  std::size_t seen = 0;
  for (auto rows = s().scan({}, {}, Direction::kReverse); rows->valid(); rows->next()) {
    ++seen;
    if (seen == 5) under_test_.commit();
    if (seen == 10) under_test_.spill();
    static_cast<void>(s().get("something else"));
  }
  EXPECT_EQ(seen, 20U);
}

TEST_P(TaskStateTest, ValuesMayComeFromTheStoreItself) {
  s().put("a", std::string(100, 'x'));
  s().put("b", *s().get("a"));
  s().put("a", *s().get("a"));
  s().put("a", s().get("a")->substr(10));
  EXPECT_EQ(s().get("a")->size(), 90U);
  EXPECT_EQ(s().get("b"), std::string(100, 'x'));
}

TEST_P(TaskStateTest, DroppedRangesGoAtTheCommit) {
  for (const char* key : {"a1", "a2", "b1"}) s().put(key, "1");
  under_test_.commit();
  s().drop_range("a", "b");
  state().abort();
  under_test_.commit();
  EXPECT_EQ(s().get("a1"), "1");
  s().drop_range("a", "b");
  under_test_.commit();
  EXPECT_EQ(s().get("b1"), "1");
  if (!has_database()) {
    EXPECT_EQ(content(s()), "b1=1,");
  }
}

TEST_P(TaskStateTest, WipeLeavesNothing) {
  s().put("a", "1");
  m().put("a", "1");
  under_test_.commit_and_spill();
  s().put("b", "1");
  ASSERT_TRUE(state().wipe());
  const auto expect_nothing = [&] {
    EXPECT_EQ(content(s()), "");
    EXPECT_EQ(content(m()), "");
    EXPECT_FALSE(state().stored_mark());
    EXPECT_TRUE(state().restored_positions().empty());
    EXPECT_FALSE(state().has_changes());
  };
  expect_nothing();
  under_test_.reopen();
  expect_nothing();
  s().put("a", "2");
  under_test_.commit_and_spill();
  under_test_.reopen();
  if (has_database()) {
    EXPECT_EQ(content(s()), "a=2,");
  }
}

TEST_P(TaskStateTest, BufferKeepsItsBudget) {
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 200; ++i) {
      s().put("key" + std::to_string(round * 200 + i), std::string(100, 'v'));
    }
    under_test_.commit_and_spill();
  }
  if (GetParam() == Backing::kTinyBuffer) {
    EXPECT_LE(state().buffered_bytes(), 1000U);
  }
  EXPECT_EQ(s().get("key7"), std::string(100, 'v'));
  std::size_t rows = 0;
  for (auto row = s().scan({}, {}, Direction::kForward); row->valid(); row->next()) ++rows;
  EXPECT_EQ(rows, 4000U);
  EXPECT_GT(s().approximate_entries(), 2000U);
}

TEST_P(TaskStateTest, WantsSpillWhenHalfOfTheBudgetIsCommitted) {
  if (GetParam() != Backing::kTinyBuffer) GTEST_SKIP();
  s().put("k", std::string(2000, 'v'));
  EXPECT_EQ(state().spill_need(), SpillNeed::kNone);
  under_test_.commit();
  EXPECT_EQ(state().spill_need(), SpillNeed::kNow);
  under_test_.spill();
  EXPECT_EQ(state().spill_need(), SpillNeed::kNone);
}

TEST(TaskState, WantsACommitWhenChangesThatNothingReplacesTakeMuch) {
  StoreSpec window = key_value("w");
  window.kind = StoreKind::kWindow;
  window.retention = Duration(60'000);
  StoreSpec cached = key_value("c");
  cached.caching = true;
  StateUnderTest under_test(Backing::kTinyBuffer, {key_value("s"), window, cached});
  const std::string value(100'000, 'v');
  TaskState& state = under_test.state();

  for (const char* key : {"a", "b", "c"}) under_test.store("c").put(key, value);
  EXPECT_FALSE(state.wants_commit()) << "a later change may take the place of a cached one";
  for (const char* key : {"a", "b"}) under_test.store("s").put(key, value);
  EXPECT_FALSE(state.wants_commit());
  under_test.store("w").put(std::string(40, '\0'), value);
  EXPECT_TRUE(state.wants_commit());
  under_test.commit();
  EXPECT_FALSE(state.wants_commit());

  for (const char* key : {"a", "b", "c"}) under_test.store("s").put(key, value);
  EXPECT_TRUE(state.wants_commit());
  state.abort();
  EXPECT_FALSE(state.wants_commit());
}

TEST(TaskStateAge, WhatIsCommittedNeedsASpillSoonAfterFiveSecondsAndNowAfterTen) {
  StateUnderTest under_test(Backing::kDatabase, {key_value("s")});
  under_test.commit(Timestamp(100'000));
  under_test.spill();
  under_test.store("s").put("k", "v");

  under_test.commit(Timestamp(104'999));
  EXPECT_EQ(under_test.state().spill_need(), SpillNeed::kNone);
  under_test.commit(Timestamp(105'000));
  EXPECT_EQ(under_test.state().spill_need(), SpillNeed::kSoon);
  under_test.commit(Timestamp(110'000));
  EXPECT_EQ(under_test.state().spill_need(), SpillNeed::kNow);
}

TEST_P(TaskStateTest, TheOnlyKeyMayBeEmpty) {
  s().put("", "row");
  under_test_.commit_and_spill();
  if (has_database()) under_test_.reopen();
  EXPECT_EQ(s().get(""), "row");
  EXPECT_EQ(content(s()), "=row,");
}

// As where one of RocksDB's logs is gone and a newer one is there, which RocksDB takes as it is.
// As where the end of RocksDB's manifest is gone, and with it the family.
ChangelogRecord record(std::string_view key, std::optional<std::string_view> value) {
  return {key, value, Timestamp(1)};
}

TEST_P(TaskStateTest, RestoreStopsAndGoesOnAnywhere) {
  const std::vector<ChangelogRecord> first = {record("a", "1"), record("b", "1"), record("a", "2")};
  const std::vector<ChangelogRecord> second = {record("b", std::nullopt), record("c", "3")};
  ASSERT_TRUE(state().restore("s", first, Offset{10}));
  EXPECT_EQ(state().restored_positions().at("s"), Offset{10});
  EXPECT_FALSE(state().has_changes());
  if (has_database()) {
    ASSERT_TRUE(state().close(true));
    under_test_.reopen();
    EXPECT_EQ(state().restored_positions().at("s"), Offset{10});
    EXPECT_FALSE(state().stored_mark());
  }
  ASSERT_TRUE(state().restore("s", second, Offset{20}));
  EXPECT_EQ(content(s()), "a=2,c=3,");

  CommitMark mark;
  mark.number = 9;
  mark.changelog_positions = {{"s", Offset{15}}};
  ASSERT_TRUE(state().finish_restore(mark));
  EXPECT_EQ(state().restored_positions().at("s"), Offset{20});
  if (!has_database()) return;
  EXPECT_EQ(state().stored_mark()->number, 9U);
  under_test_.reopen();
  EXPECT_EQ(content(s()), "a=2,c=3,");
  EXPECT_EQ(state().stored_mark()->number, 9U);
  EXPECT_EQ(state().restored_positions().at("s"), Offset{20});
}

TEST(TaskState, CachedStoresLogInTheOrderOfTheLastChange) {
  StoreSpec spec = key_value("s");
  spec.caching = true;
  StateUnderTest under_test(Backing::kMemory, {spec});
  for (const char* key : {"a", "b", "a"}) under_test.store("s").put(key, "1");
  EXPECT_EQ(changes(under_test.state(), "s"), "b=1,a=1,");
}

TEST(TaskState, StoresWithoutLoggingHaveNoChangelog) {
  StoreSpec spec = key_value("s");
  spec.logging = false;
  StateUnderTest under_test(Backing::kMemory, {spec});
  under_test.store("s").put("a", "1");
  EXPECT_TRUE(under_test.state().has_changes());
  EXPECT_EQ(changes(under_test.state(), "s"), "");
}

}  // namespace
}  // namespace millstream
