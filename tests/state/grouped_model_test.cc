// Random histories of window stores against a std::map: groups of rows that are read, changed,
// aborted, spilt, forgotten, read again, and expire.
#include <millstream/core/serdes.h>
#include <millstream/state/window_store.h>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "task_state_fixture.h"

namespace millstream {
namespace {

using testing::Backing;
using testing::StateUnderTest;
using Text = std::string;

// Segments of 60 s: about four of them are shown.
constexpr std::int64_t kSegment = 60'000;
constexpr Duration kRetention(3 * kSegment);

StoreSpec spec(bool caching = false) {
  StoreSpec spec;
  spec.name = "s";
  spec.kind = StoreKind::kWindow;
  spec.retention = kRetention;
  spec.window_size = Duration(10);
  spec.caching = caching;
  return spec;
}

enum class Op { kPut, kErase, kGet, kFetch, kAll, kCommit, kAbort, kSpill, kReopen };

struct Step {
  Op op = Op::kGet;
  Text key;
  Timestamp time;
  Timestamp other;
  std::size_t size = 0;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  return out << static_cast<int>(step.op) << "(" << step.key << "," << step.time.ms() << ","
             << step.other.ms() << "," << step.size << ")";
}

/// Few, so that rows meet; mostly of the first segments, so that not all expire at once.
rc::Gen<Timestamp> arbitrary_time() {
  const auto segment = rc::gen::weightedElement<std::int64_t>(
      {{6, 0}, {6, 1}, {4, 2}, {2, 3}, {1, 4}, {1, 5}, {1, 9}});
  return rc::gen::map(rc::gen::pair(segment, rc::gen::element<std::int64_t>(0, 1, 2, 59'999)),
                      [](const auto& p) { return Timestamp(p.first * kSegment + p.second); });
}

/// Some begin others, and some look like another key with a time.
rc::Gen<Text> arbitrary_key() {
  return rc::gen::element<Text>("", "a", "b", "ab", Text("a\0\0\0\0\0\0\0\0", 9), "\xFF");
}

rc::Gen<Step> arbitrary_step() {
  return rc::gen::build<Step>(
      rc::gen::set(&Step::op, rc::gen::weightedElement<Op>({{30, Op::kPut},
                                                            {9, Op::kErase},
                                                            {12, Op::kGet},
                                                            {12, Op::kFetch},
                                                            {9, Op::kAll},
                                                            {9, Op::kCommit},
                                                            {6, Op::kAbort},
                                                            {6, Op::kSpill},
                                                            {1, Op::kReopen}})),
      rc::gen::set(&Step::key, arbitrary_key()), rc::gen::set(&Step::time, arbitrary_time()),
      rc::gen::set(&Step::other, arbitrary_time()),
      rc::gen::set(&Step::size, rc::gen::inRange<std::size_t>(0, 200)));
}

class Model {
 public:
  explicit Model(StateUnderTest& under_test) : under_test_(under_test) {
    RC_ASSERT(under_test_.state().wipe().has_value());
  }

  void run(const Step& step) {
    prefetch(step);
    switch (step.op) {
      case Op::kPut:
        return put(step);
      case Op::kErase:
        return erase(step);
      case Op::kGet:
        RC_ASSERT(store().fetch(step.key, step.time) == expected(step.key, step.time));
        return;
      case Op::kFetch:
        check_fetch(step.key, std::min(step.time, step.other), std::max(step.time, step.other));
        return;
      case Op::kAll:
        return check_all();
      case Op::kCommit:
        under_test_.commit();
        committed_ = now_;
        return;
      case Op::kAbort:
        under_test_.state().abort();
        now_ = committed_;
        return;
      case Op::kSpill:
        under_test_.spill();
        spilt_ = committed_;
        return;
      case Op::kReopen:
        under_test_.reopen();
        if (under_test_.backing() == Backing::kMemory) spilt_ = {};
        now_ = committed_ = spilt_;
        return;
    }
  }
  /// A hint, which must change nothing that can be seen.
  void prefetch(const Step& step) {
    for (const PrefetchStep how_far :
         {PrefetchStep::kFirst, PrefetchStep::kSecond, PrefetchStep::kLast}) {
      store().prefetch(step.key, step.time, how_far);
    }
  }
  void check_all() {
    std::vector<Text> wanted;
    for (const auto& [row, value] : now_.rows) {
      if (row.first >= first_shown()) wanted.push_back(show(row.second, row.first, value));
    }
    for (const Direction direction : {Direction::kForward, Direction::kReverse}) {
      std::vector<Text> seen;
      auto windows = store();
      auto rows = windows.all(direction);
      while (const auto row = rows.next()) {
        seen.push_back(show(row->first.key, row->first.window.start, row->second));
      }
      std::ranges::sort(seen);
      std::ranges::sort(wanted);
      RC_ASSERT(seen == wanted);
    }
  }

 private:
  struct Truth {
    std::map<std::pair<Timestamp, Text>, Text> rows;
    Timestamp observed = Timestamp::none();
  };

  static Text show(const Text& key, Timestamp time, const Text& value) {
    return key + "@" + std::to_string(time.ms()) + "=" + value;
  }
  WindowStore<Text, Text> store() { return {under_test_.store("s"), spec(), {}, {}}; }
  [[nodiscard]] Timestamp first_shown() const {
    return std::max(now_.observed - kRetention + Duration(1), Timestamp(0));
  }
  std::optional<Text> expected(const Text& key, Timestamp time) const {
    const auto found = now_.rows.find({time, key});
    if (found == now_.rows.end() || time < first_shown()) return std::nullopt;
    return found->second;
  }
  void put(const Step& step) {
    const Text value = std::to_string(++puts_) + Text(step.size, 'v');
    now_.observed = std::max(now_.observed, step.time);
    const bool kept = step.time >= first_shown();
    RC_ASSERT(store().put(step.key, value, step.time) == kept);
    if (kept) now_.rows[{step.time, step.key}] = value;
  }
  void erase(const Step& step) {
    now_.observed = std::max(now_.observed, step.time);
    store().erase(step.key, step.time);
    now_.rows.erase({step.time, step.key});
  }
  void check_fetch(const Text& key, Timestamp from, Timestamp to) {
    std::vector<Text> wanted;
    for (const auto& [row, value] : now_.rows) {
      if (row.second == key && row.first >= std::max(from, first_shown()) && row.first <= to) {
        wanted.push_back(show(key, row.first, value));
      }
    }
    for (const Direction direction : {Direction::kForward, Direction::kReverse}) {
      std::vector<Text> seen;
      auto windows = store();
      auto rows = windows.fetch(key, from, to, direction);
      while (const auto row = rows.next()) seen.push_back(show(key, row->first, row->second));
      RC_ASSERT(seen == wanted);
      std::ranges::reverse(wanted);
    }
  }

  StateUnderTest& under_test_;
  int puts_ = 0;
  Truth now_;
  Truth committed_;
  Truth spilt_;
};

class GroupedModel : public ::testing::TestWithParam<Backing> {};

INSTANTIATE_TEST_SUITE_P(Backings, GroupedModel,
                         ::testing::Values(Backing::kMemory, Backing::kDatabase,
                                           Backing::kTinyBuffer),
                         testing::name_of_backing);

TEST_P(GroupedModel, AnyHistoryOfWindowsReadsAsAMapDoes) {
  for (const bool caching : {false, true}) {
    StateUnderTest under_test(GetParam(), {spec(caching)});
    EXPECT_TRUE(rc::check("any history", [&under_test] {
      const auto steps = *rc::gen::container<std::vector<Step>>(arbitrary_step());
      Model model(under_test);
      for (const Step& step : steps) model.run(step);
      model.check_all();
    }));
  }
}

/// What fetch gives of [from, to], joined.
std::vector<std::int64_t> starts(WindowStore<Text, Text>& store, std::int64_t from, std::int64_t to,
                                 Direction direction) {
  std::vector<std::int64_t> found;
  auto rows = store.fetch("hot", Timestamp(from), Timestamp(to), direction);
  while (const auto row = rows.next()) found.push_back(row->first.ms());
  return found;
}

// More rows of a key than are ever loaded at once: reads go on from the database.
TEST_P(GroupedModel, KeyWithVeryManyRowsIsReadInOrder) {
  constexpr int kRows = 2000;
  StateUnderTest under_test(GetParam(), {spec()});
  WindowStore<Text, Text> store(under_test.store("s"), spec(), {}, {});
  for (int i = 0; i < kRows; ++i) store.put("hot", std::to_string(i), Timestamp(i * 2));
  under_test.commit_and_spill();
  // Seen through what is dirty, too: one row behind, one between, one changed, one gone.
  store.put("hot", "new", Timestamp(kRows * 2));
  store.put("hot", "between", Timestamp(101));
  store.put("hot", "changed", Timestamp(102));
  store.erase("hot", Timestamp(104));

  EXPECT_EQ(store.fetch("hot", Timestamp(100)), "50");
  EXPECT_EQ(store.fetch("hot", Timestamp(102)), "changed");
  EXPECT_EQ(store.fetch("hot", Timestamp(104)), std::nullopt);
  EXPECT_EQ(store.fetch("hot", Timestamp(99)), std::nullopt);
  EXPECT_EQ(starts(store, 99, 106, Direction::kForward),
            (std::vector<std::int64_t>{100, 101, 102, 106}));
  EXPECT_EQ(starts(store, 99, 106, Direction::kReverse),
            (std::vector<std::int64_t>{106, 102, 101, 100}));
  const auto all = starts(store, 0, kSegment, Direction::kForward);
  EXPECT_EQ(all.size(), std::size_t{kRows} + 1);
  EXPECT_TRUE(std::ranges::is_sorted(all));

  under_test.state().abort();
  EXPECT_EQ(starts(store, 99, 106, Direction::kForward),
            (std::vector<std::int64_t>{100, 102, 104, 106}));
}

// Its newest rows never rest, and the others go all the same.
TEST(GroupedStore, OldRowsOfABusyKeyLeaveTheMemory) {
  constexpr int kRows = 5000;
  StateUnderTest under_test(Backing::kTinyBuffer, {spec()});
  WindowStore<Text, Text> store(under_test.store("s"), spec(), {}, {});
  for (int i = 0; i < kRows; ++i) store.put("hot", Text(100, 'v'), Timestamp(i));
  under_test.commit();
  store.put("hot", "new", Timestamp(kRows));
  under_test.spill();

  // A tenth of the rows, and what the transaction keeps to use again.
  EXPECT_LE(under_test.state().buffered_bytes(), std::size_t{400'000});
  EXPECT_EQ(store.fetch("hot", Timestamp(7)), Text(100, 'v'));
  EXPECT_EQ(store.fetch("hot", Timestamp(kRows)), "new");
  EXPECT_EQ(starts(store, 0, kSegment, Direction::kForward).size(), std::size_t{kRows} + 1);
  EXPECT_EQ(starts(store, kRows - 1, kRows, Direction::kReverse),
            (std::vector<std::int64_t>{kRows, kRows - 1}));
}

// Rows that are past the retention at a commit are never written, whatever they were.
TEST(GroupedStore, ExpiredRowsAreNotWritten) {
  constexpr Timestamp kFirstTime(60 * 800);
  StateUnderTest under_test(Backing::kTinyBuffer, {spec()});
  WindowStore<Text, Text> store(under_test.store("s"), spec(), {}, {});
  for (int i = 0; i < 100; ++i) {
    store.put("k" + std::to_string(i), Text(100, 'v'), Timestamp(i * 800));
  }
  under_test.commit();
  // The first segment isn't gone yet as a whole.
  store.put("late", "1", kFirstTime + kRetention);
  under_test.commit();
  EXPECT_EQ(under_test.store("s").approximate_entries(), 40U);
  under_test.spill();
  EXPECT_EQ(store.fetch("k60", kFirstTime), std::nullopt);
  EXPECT_EQ(store.fetch("k61", Timestamp(61 * 800)), Text(100, 'v'));
}

}  // namespace
}  // namespace millstream
