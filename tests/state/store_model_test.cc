// Random histories against a std::map: rows, aborts, spills, crashes and restores.
#include <millstream/core/big_endian.h>
#include <millstream/state/task_state.h>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "task_state_fixture.h"

namespace millstream {
namespace {

using testing::Backing;
using testing::StateUnderTest;

using Rows = std::map<std::string, std::string>;

enum class Op { kPut, kErase, kGet, kScan, kGroup, kCommit, kAbort, kSpill, kReopen };

struct Step {
  Op op = Op::kGet;
  std::string key;
  std::string other;
  std::string value;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  return out << static_cast<int>(step.op) << "(" << step.key << "," << step.other << ","
             << step.value.size() << ")";
}

/// Few keys, so that they meet; some begin others.
rc::Gen<std::string> arbitrary_key() {
  return rc::gen::container<std::string>(rc::gen::element('a', 'b', '\0', '\xFF'));
}

rc::Gen<Step> arbitrary_step() {
  return rc::gen::build<Step>(
      rc::gen::set(&Step::op, rc::gen::weightedElement<Op>({{24, Op::kPut},
                                                            {9, Op::kErase},
                                                            {18, Op::kGet},
                                                            {12, Op::kScan},
                                                            {12, Op::kGroup},
                                                            {9, Op::kCommit},
                                                            {6, Op::kAbort},
                                                            {6, Op::kSpill},
                                                            {1, Op::kReopen}})),
      rc::gen::set(&Step::key, arbitrary_key()), rc::gen::set(&Step::other, arbitrary_key()),
      rc::gen::set(
          &Step::value,
          rc::gen::apply([](int size) { return std::string(static_cast<std::size_t>(size), 'v'); },
                         rc::gen::inRange(0, 200))));
}

/// The store's truth: what each slot holds, and what would be left after a crash.
class Model {
 public:
  explicit Model(StateUnderTest& under_test) : under_test_(under_test) {
    RC_ASSERT(under_test_.state().wipe().has_value());
  }

  void run(const Step& step) {
    ByteStore& store = under_test_.store("s");
    switch (step.op) {
      case Op::kPut:
        store.put(step.key, step.value);
        now_[step.key] = step.value;
        return;
      case Op::kErase:
        store.erase(step.key);
        now_.erase(step.key);
        return;
      case Op::kGet:
        for (const PrefetchStep how_far :
             {PrefetchStep::kFirst, PrefetchStep::kSecond, PrefetchStep::kLast}) {
          store.prefetch(step.key, how_far);
        }
        RC_ASSERT(to_string(store.get(step.key)) == expected(step.key));
        return;
      case Op::kScan:
        check_scan(step.key, step.other, Direction::kForward, false);
        check_scan(step.key, step.other, Direction::kReverse, false);
        return;
      case Op::kGroup:
        check_scan(step.key, step.other, Direction::kForward, true);
        check_scan(step.key, step.other, Direction::kReverse, true);
        return;
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
        if (under_test_.backing() == Backing::kMemory) spilt_.clear();
        now_ = committed_ = spilt_;
        return;
    }
  }
  static StoreSpec spec() {
    StoreSpec spec;
    spec.name = "s";
    return spec;
  }
  void check_all() { check_scan({}, {}, Direction::kForward, false); }

 private:
  static std::optional<std::string> to_string(std::optional<std::string_view> bytes) {
    return bytes ? std::optional<std::string>(*bytes) : std::nullopt;
  }
  std::optional<std::string> expected(const std::string& key) const {
    const auto found = now_.find(key);
    return found == now_.end() ? std::nullopt : std::optional(found->second);
  }
  void check_scan(const std::string& from, const std::string& to, Direction direction, bool group) {
    ByteStore& store = under_test_.store("s");
    const std::string low = from.empty() ? from : from.substr(0, 1);
    const std::string high = std::max(to, from) + "\xFF";
    auto rows = group && !to.empty() ? store.scan_group(from, to, direction, low, high)
                                     : store.scan(from, to, direction);
    std::vector<std::pair<std::string, std::string>> seen;
    for (; rows->valid(); rows->next()) seen.emplace_back(rows->key(), rows->value());
    std::vector<std::pair<std::string, std::string>> wanted;
    for (const auto& [key, value] : now_) {
      if (key >= from && (to.empty() || key < to)) wanted.emplace_back(key, value);
    }
    if (direction == Direction::kReverse) std::reverse(wanted.begin(), wanted.end());
    RC_ASSERT(seen == wanted);
  }

  StateUnderTest& under_test_;
  Rows now_;
  Rows committed_;
  Rows spilt_;
};

class StoreModel : public ::testing::TestWithParam<Backing> {};

INSTANTIATE_TEST_SUITE_P(Backings, StoreModel,
                         ::testing::Values(Backing::kMemory, Backing::kDatabase,
                                           Backing::kTinyBuffer),
                         testing::name_of_backing);

TEST_P(StoreModel, AnyHistoryReadsAsAMapDoes) {
  StateUnderTest under_test(GetParam(), {Model::spec()});
  EXPECT_TRUE(rc::check("any history", [&under_test] {
    const auto steps = *rc::gen::container<std::vector<Step>>(arbitrary_step());
    Model model(under_test);
    for (const Step& step : steps) model.run(step);
    model.check_all();
  }));
}

}  // namespace
}  // namespace millstream
