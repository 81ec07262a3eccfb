// Window, session and versioned stores: what the vectors don't ask.
#include <millstream/core/serdes.h>
#include <millstream/state/errors.h>
#include <millstream/state/session_store.h>
#include <millstream/state/timestamped_window_store.h>
#include <millstream/state/versioned_key_value_store.h>
#include <millstream/state/window_store.h>

#include <gtest/gtest.h>

#include <string>

#include "task_state_fixture.h"

namespace millstream {
namespace {

using testing::Backing;
using testing::StateUnderTest;
using Text = std::string;

class TimedStores : public ::testing::TestWithParam<Backing> {};

INSTANTIATE_TEST_SUITE_P(Backings, TimedStores,
                         ::testing::Values(Backing::kMemory, Backing::kDatabase,
                                           Backing::kTinyBuffer),
                         testing::name_of_backing);

StoreSpec window_spec() {
  StoreSpec spec;
  spec.name = "s";
  spec.kind = StoreKind::kWindow;
  spec.retention = Duration(100'000);
  spec.window_size = Duration(10);
  return spec;
}

template <class Row>
Text show(StoreIterator<Row> rows) {
  Text out;
  while (const auto row = rows.next()) {
    out += row->first.key + "@" + std::to_string(row->first.window.start.ms()) + "-" +
           std::to_string(row->first.window.end.ms()) + "=" + row->second + ",";
  }
  return out;
}

TEST_P(TimedStores, PutSaysWhetherTheWindowWasTooOld) {
  StateUnderTest under_test(GetParam(), {window_spec()});
  WindowStore<Text, Text> store(under_test.store("s"), window_spec(), {}, {});
  EXPECT_TRUE(store.put("a", "1", Timestamp(100'000)));
  EXPECT_TRUE(store.put("a", "2", Timestamp(1)));
  EXPECT_FALSE(store.put("a", "3", Timestamp(0)));
  EXPECT_FALSE(store.put("a", "4", Timestamp(-5)));
  EXPECT_EQ(store.fetch("a", Timestamp(1)), "2");
  EXPECT_EQ(store.fetch("a", Timestamp(0)), std::nullopt);
  EXPECT_EQ(store.first_visible(), Timestamp(1));
  EXPECT_EQ(store.observed_time(), Timestamp(100'000));
}

TEST_P(TimedStores, SequenceNumbersSurviveARestart) {
  StoreSpec spec = window_spec();
  spec.retain_duplicates = true;
  StateUnderTest under_test(GetParam(), {spec});
  WindowStore<Text, Text>(under_test.store("s"), spec, {}, {}).put("a", "1", Timestamp(5));
  under_test.commit_and_spill();
  if (GetParam() != Backing::kMemory) under_test.reopen();
  WindowStore<Text, Text> store(under_test.store("s"), spec, {}, {});
  store.put("a", "2", Timestamp(5));
  EXPECT_EQ(show(store.all()), "a@5-15=1,a@5-15=2,");
}

TEST_P(TimedStores, AbortTakesTheTimeBack) {
  StateUnderTest under_test(GetParam(), {window_spec()});
  WindowStore<Text, Text> store(under_test.store("s"), window_spec(), {}, {});
  store.put("a", "1", Timestamp(5));
  under_test.commit();
  store.put("a", "2", Timestamp(1'000'000));
  EXPECT_EQ(show(store.all()), "a@1000000-1000010=2,");
  under_test.state().abort();
  EXPECT_EQ(show(store.all()), "a@5-15=1,");
}

TEST_P(TimedStores, RowsOfAllKeysComeByTimeWithAndWithoutAnIndex) {
  for (const bool time_index : {false, true}) {
    StoreSpec spec = window_spec();
    spec.time_index = time_index;
    StateUnderTest under_test(GetParam(), {spec});
    WindowStore<Text, Text> store(under_test.store("s"), spec, {}, {});
    store.put("b", "1", Timestamp(10));
    store.put("a", "2", Timestamp(70'000));
    under_test.commit_and_spill();
    store.put("a", "3", Timestamp(10));
    store.put("a", "4", Timestamp(20));
    store.put("c", "5", Timestamp(20));
    store.erase("c", Timestamp(20));
    EXPECT_EQ(show(store.fetch_by_time(Timestamp(0), Timestamp(70'000))),
              "a@10-20=3,b@10-20=1,a@20-30=4,a@70000-70010=2,");
    EXPECT_EQ(show(store.fetch_by_time(Timestamp(11), Timestamp::max(), Direction::kReverse)),
              "a@70000-70010=2,a@20-30=4,");
    EXPECT_EQ(show(store.fetch_by_time(Timestamp(21), Timestamp(20))), "");
  }
}

/// Counts the scans of another store.
class CountsScans final : public ByteStore {
 public:
  explicit CountsScans(ByteStore& inner) : inner_(&inner) {}
  [[nodiscard]] int scans() const { return scans_; }

  const std::string& name() const override { return inner_->name(); }
  std::optional<std::string_view> get(std::string_view key) override { return inner_->get(key); }
  void put(std::string_view key, std::string_view value) override { inner_->put(key, value); }
  void erase(std::string_view key) override { inner_->erase(key); }
  std::unique_ptr<ByteIterator> scan(std::string_view from, std::string_view to,
                                     Direction direction) override {
    ++scans_;
    return inner_->scan(from, to, direction);
  }
  std::unique_ptr<ByteIterator> scan_group(std::string_view from, std::string_view to,
                                           Direction direction, std::string_view low,
                                           std::string_view high) override {
    ++scans_;
    return inner_->scan_group(from, to, direction, low, high);
  }
  void drop_range(std::string_view from, std::string_view to) override {
    inner_->drop_range(from, to);
  }
  StoreNumbers& numbers() override { return inner_->numbers(); }
  void append_change(std::string_view key, std::optional<std::string_view> value,
                     Timestamp time) override {
    inner_->append_change(key, value, time);
  }
  void for_each_dirty(const DirtyVisitor& visit) override { inner_->for_each_dirty(visit); }
  std::uint64_t approximate_entries() const override { return inner_->approximate_entries(); }

 private:
  ByteStore* inner_;
  int scans_ = 0;
};

// From the epoch to today there are 28 million segments of a minute.
TEST_P(TimedStores, ReadingByTimeVisitsNoEmptySegments) {
  const StoreSpec spec = window_spec();
  StateUnderTest under_test(GetParam(), {spec});
  CountsScans bytes(under_test.store("s"));
  WindowStore<Text, Text> store(bytes, spec, {}, {});
  store.put("a", "1", Timestamp(1'700'000'000'000));

  EXPECT_EQ(show(store.fetch_by_time(Timestamp(0), Timestamp::max())),
            "a@1700000000000-1700000000010=1,");
  EXPECT_EQ(bytes.scans(), 1);
}

TEST_P(TimedStores, WhatHasJustExpiredCanStillBeReadByTime) {
  StoreSpec spec = window_spec();
  spec.time_index = true;
  StateUnderTest under_test(GetParam(), {spec});
  WindowStore<Text, Text> store(under_test.store("s"), spec, {}, {});
  store.put("a", "1", Timestamp(10));
  under_test.commit_and_spill();
  store.put("a", "2", Timestamp(10'000'000));
  EXPECT_EQ(show(store.all()), "a@10000000-10000010=2,");
  EXPECT_EQ(show(store.fetch_by_time(Timestamp(0), Timestamp(9'999'999))), "a@10-20=1,");
}

TEST_P(TimedStores, ExpiredSegmentsLeaveTheBuffer) {
  StateUnderTest under_test(GetParam(), {window_spec()});
  ByteStore& bytes = under_test.store("s");
  WindowStore<Text, Text> store(bytes, window_spec(), {}, {});
  for (int i = 0; i < 1000; ++i) {
    store.put("k" + std::to_string(i % 10), "v", Timestamp(i * 10'000));
    if (i % 50 == 0) under_test.commit_and_spill();
  }
  under_test.commit();
  if (GetParam() == Backing::kMemory) {
    EXPECT_LE(bytes.approximate_entries(), 20U);
  }
  std::size_t shown = 0;
  for (auto rows = store.all(); rows.next();) ++shown;
  EXPECT_EQ(shown, 10U);
}

TEST_P(TimedStores, KeysThatBeginOthersStayApart) {
  StateUnderTest under_test(GetParam(), {window_spec()});
  WindowStore<Text, Text> store(under_test.store("s"), window_spec(), {}, {});
  const Text keys[] = {"a", Text("a\0", 2), Text("a\0\0\0\0\0\0\0\0", 9), "ab", ""};
  for (const Text& key : keys) {
    for (const int start : {0, 5, 90'000}) store.put(key, key + "!", Timestamp(start));
  }
  under_test.commit_and_spill();
  for (const Text& key : keys) {
    auto rows = store.fetch(key, Timestamp(0), Timestamp(100'000));
    for (const int start : {0, 5, 90'000}) {
      const auto row = rows.next();
      ASSERT_TRUE(row) << key;
      EXPECT_EQ(row->first, Timestamp(start));
      EXPECT_EQ(row->second, key + "!");
    }
    EXPECT_FALSE(rows.next());
  }
  std::size_t up_to_a = 0;
  for (auto rows = store.fetch(nullptr, &keys[2], Timestamp(0), Timestamp(100'000)); rows.next();) {
    ++up_to_a;
  }
  EXPECT_EQ(up_to_a, 12U);
}

TEST_P(TimedStores, TimestampedWindowsKeepTheirTimestamps) {
  StoreSpec spec = window_spec();
  spec.kind = StoreKind::kTimestampedWindow;
  StateUnderTest under_test(GetParam(), {spec});
  TimestampedWindowStore<Text, std::int64_t> store(under_test.store("s"), spec, {}, {});
  store.put("a", 42, Timestamp(17), Timestamp(10));
  EXPECT_EQ(store.fetch("a", Timestamp(10)), (ValueAndTimestamp<std::int64_t>{42, Timestamp(17)}));
  store.erase("a", Timestamp(10));
  EXPECT_EQ(store.fetch("a", Timestamp(10)), std::nullopt);
}

TEST_P(TimedStores, SessionsAreFoundByTheirEnds) {
  StoreSpec spec = window_spec();
  spec.kind = StoreKind::kSession;
  spec.time_index = true;
  StateUnderTest under_test(GetParam(), {spec});
  SessionStore<Text, Text> store(under_test.store("s"), spec, {}, {});
  EXPECT_TRUE(store.put({"b", {Timestamp(0), Timestamp(10)}}, "1"));
  EXPECT_TRUE(store.put({"a", {Timestamp(5), Timestamp(10)}}, "2"));
  EXPECT_TRUE(store.put({"a", {Timestamp(20), Timestamp(80'000)}}, "3"));
  under_test.commit_and_spill();
  EXPECT_EQ(show(store.find_by_end(Timestamp(0), Timestamp(10))), "a@5-10=2,b@0-10=1,");
  store.remove({"a", {Timestamp(5), Timestamp(10)}});
  EXPECT_EQ(show(store.find_by_end(Timestamp(0), Timestamp::max())), "b@0-10=1,a@20-80000=3,");
  EXPECT_EQ(show(store.find_sessions("a", Timestamp(0), Timestamp::max(), Direction::kReverse)),
            "a@20-80000=3,");
  EXPECT_FALSE(store.put({"a", {Timestamp(-10), Timestamp(-5)}}, "x"));
}

TEST_P(TimedStores, VersionsTellTheirEnds) {
  StoreSpec spec = window_spec();
  spec.kind = StoreKind::kVersioned;
  StateUnderTest under_test(GetParam(), {spec});
  VersionedKeyValueStore<Text, Text> store(under_test.store("s"), spec, {}, {});
  store.put("k", "one", Timestamp(10));
  store.put("k", "three", Timestamp(30));
  under_test.commit_and_spill();
  const VersionedPut put = store.put("k", "two", Timestamp(20));
  EXPECT_TRUE(put.stored);
  EXPECT_EQ(put.valid_to, Timestamp(30));
  EXPECT_EQ(store.get("k", Timestamp(15)),
            (VersionedRecord<Text>{"one", Timestamp(10), Timestamp(20)}));
  EXPECT_EQ(store.get("k", Timestamp(29)),
            (VersionedRecord<Text>{"two", Timestamp(20), Timestamp(30)}));
  EXPECT_EQ(store.get("k"), (VersionedRecord<Text>{"three", Timestamp(30), std::nullopt}));
  EXPECT_EQ(store.get("k", Timestamp(9)), std::nullopt);
  EXPECT_EQ(store.erase("k", Timestamp(25))->value, "two");
  EXPECT_EQ(store.get("k", Timestamp(26)), std::nullopt);
  EXPECT_EQ(store.get("k", Timestamp(30))->value, "three");
}

TEST_P(TimedStores, BytesOfAnotherSerdeThrow) {
  StateUnderTest under_test(GetParam(), {window_spec()});
  WindowStore<Text, Text>(under_test.store("s"), window_spec(), {}, {})
      .put("a", "not eight bytes", Timestamp(5));
  WindowStore<Text, std::int64_t> store(under_test.store("s"), window_spec(), {}, {});
  EXPECT_THROW(static_cast<void>(store.fetch("a", Timestamp(5))), StoreError);
}

}  // namespace
}  // namespace millstream
