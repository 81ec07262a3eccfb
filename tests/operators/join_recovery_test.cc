// What joins, tables and processors keep survives an abort and a restart.

#include "task_fixture.h"

#include <millstream/state/key_value_store.h>
#include <millstream/topology/processor.h>

namespace millstream::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class JoinRecovery : public TaskFixture {};

constexpr auto kPairOuter = [](const MaybeText& left, const MaybeText& right) {
  return left.value_or("none") + "+" + right.value_or("none");
};
JoinWindows tens() { return JoinWindows::of_time_difference_with_no_grace(Duration(10)); }

void outer_join(StreamsBuilder& builder) {
  builder.stream<Text, Text>("left")
      .outer_join(builder.stream<Text, Text>("right"), kPairOuter, tens())
      .to("out");
}

TEST_F(JoinRecovery, AnAbortTakesRecordsOutOfTheWindowsOfAJoin) {
  StreamsBuilder builder;
  outer_join(builder);
  start(builder);

  pipe_to("left", "a", "committed", 1);
  commit();
  pipe_to("left", "a", "aborted", 2);
  abort();
  pipe_to("right", "a", "r", 3);

  EXPECT_THAT(texts.take(), ElementsAre("a=committed+r@3"));
}

TEST_F(JoinRecovery, AnAbortTakesTheJoinsTimeBack) {
  StreamsBuilder builder;
  outer_join(builder);
  start(builder);

  pipe_to("left", "a", "l", 1);
  commit();
  pipe_to("right", "b", "far ahead", 1000);
  EXPECT_THAT(texts.take(), ElementsAre("a=l+none@1"));
  abort();
  pipe_to("right", "a", "r", 3);
  EXPECT_THAT(texts.take(), ElementsAre("a=l+r@3"));
  pipe_to("right", "b", "far ahead", 1000);

  EXPECT_THAT(texts.take(), IsEmpty());
}

TEST_F(JoinRecovery, LonelyRecordsComeOutOnceAfterARestart) {
  StreamsBuilder builder;
  outer_join(builder);
  start(builder);

  pipe_to("left", "a", "l", 1);
  pipe_to("right", "b", "r", 2);
  commit();
  restart();
  pipe_to("left", "c", "moves the time on", 13);
  EXPECT_THAT(texts.take(), ElementsAre("a=l+none@1", "b=none+r@2"));
  commit();
  restart();
  pipe_to("left", "c", "moves the time on", 14);

  EXPECT_THAT(texts.take(), IsEmpty());
}

TEST_F(JoinRecovery, RecordsThatWaitForATablesRowsAreThereAfterAnAbortAndARestart) {
  StreamsBuilder builder;
  const auto table = builder.table<Text, Text>("table", {.name = "rows", .history = Duration(100)});
  builder.stream<Text, Text>("in")
      .left_join(table,
                 [](const Text& value, const MaybeText& row) {
                   return value + "+" + row.value_or("none");
                 },
                 {.name = "patient", .grace = Duration(10)})
      .to("out");
  start(builder);

  pipe("a", "waits", 50);
  commit();
  pipe("b", "lost", 60);
  EXPECT_THAT(texts.take(), ElementsAre("a=waits+none@50"));
  abort();
  pipe_to("table", "a", "row", 45);
  commit();
  restart();
  pipe("b", "again", 60);

  EXPECT_THAT(texts.take(), ElementsAre("a=waits+row@50"));
}

TEST_F(JoinRecovery, TablesGoBackToTheirCommittedRows) {
  StreamsBuilder builder;
  const auto left = builder.table<Text, Text>("left");
  const auto right = builder.table<Text, Text>("right");
  left.outer_join(right, kPairOuter).to_stream().to("out");
  start(builder);

  pipe_to("left", "a", "l1", 1);
  commit();
  pipe_to("left", "a", "l2", 2);
  abort();
  texts.take();
  pipe_to("right", "a", "r1", 3);
  commit();
  restart();
  pipe_to("right", "a", "r2", 4);

  EXPECT_THAT(texts.take(), ElementsAre("a=l1+r1@3", "a=l1+r2@4"));
}

TEST_F(JoinRecovery, VersionsGoBackToTheCommittedOnes) {
  StreamsBuilder builder;
  const auto table = builder.table<Text, Text>("table", {.name = "rows", .history = Duration(100)});
  builder.stream<Text, Text>("in")
      .left_join(table, [](const Text& value,
                           const MaybeText& row) { return value + "+" + row.value_or("none"); })
      .to("out");
  start(builder);

  pipe_to("table", "a", "of 10", 10);
  commit();
  pipe_to("table", "a", "of 20", 20);
  abort();
  pipe("a", "x", 25);
  commit();
  restart();
  pipe("a", "y", 25);

  EXPECT_THAT(texts.take(), ElementsAre("a=x+of 10@25", "a=y+of 10@25"));
}

/// Counts records in a member, which is lost, and in a store, which is not; ticks each 10 ms.
class Counter final : public ContextualProcessor<Text, Text, Text, Text> {
 public:
  using Counts = KeyValueStore<Text, std::int64_t>;

  void init(ProcessorContext<Text, Text>& context) override {
    ContextualProcessor::init(context);
    counts_.emplace(context.state_store<Counts>("counts"));
    context.schedule(Duration(10), PunctuationType::kStreamTime,
                     [&context](Timestamp time) { context.forward("tick", "", time); });
  }
  void process(const Record<Text, Text>& record) override {
    const std::int64_t kept = counts_->get(record.key()).value_or(0) + 1;
    counts_->put(record.key(), kept);
    const Text counted = std::to_string(++member_) + " of " + std::to_string(kept);
    context().forward(record.with_value(counted));
  }

 private:
  std::optional<Counts> counts_;
  int member_ = 0;
};

class ProcessorRecovery : public TaskFixture {
 protected:
  void start_counting() {
    builder_.add_state_store({.name = "counts"});
    builder_.stream<Text, Text>("in")
        .process([] { return std::make_unique<Counter>(); }, "counts")
        .to("out");
    start(builder_);
  }

 private:
  StreamsBuilder builder_;
};

TEST_F(ProcessorRecovery, AnAbortMakesANewProcessor) {
  start_counting();

  pipe("a", "", 5);
  commit();
  pipe("a", "", 6);
  abort();
  texts.take();
  pipe("a", "", 6);

  EXPECT_THAT(texts.take(), ElementsAre("a=1 of 2@6"));
}

TEST_F(ProcessorRecovery, PunctuationGoesOnWhereItWasAfterAnAbort) {
  start_counting();

  pipe("a", "", 5);
  commit();
  EXPECT_THAT(texts.take(), ElementsAre("a=1 of 1@5", "tick=@5"));
  pipe("a", "", 12);
  EXPECT_THAT(texts.take(), ElementsAre("a=2 of 2@12", "tick=@12"));
  abort();
  pipe("a", "", 6);
  EXPECT_THAT(texts.take(), ElementsAre("a=1 of 2@6"));
  pipe("a", "", 12);

  EXPECT_THAT(texts.take(), ElementsAre("a=2 of 3@12", "tick=@12"));
}

TEST_F(ProcessorRecovery, PunctuationGoesOnWhereItWasAfterARestart) {
  start_counting();

  pipe("a", "", 5);
  commit();
  restart();
  texts.take();
  pipe("a", "", 9);
  EXPECT_THAT(texts.take(), ElementsAre("a=1 of 2@9"));
  pipe("a", "", 30);

  EXPECT_THAT(texts.take(), ElementsAre("a=2 of 3@30", "tick=@30"));
}

// Foreign-key joins are several sub-topologies: the driver runs them as one task.
class ForeignKeyRecovery : public ::testing::TestWithParam<bool> {};

TEST_P(ForeignKeyRecovery, SubscriptionsAreThereAfterAbortsAndARestart) {
  StreamsBuilder builder;
  const auto orders = builder.table<Text, Text>("orders");
  const auto customers = builder.table<Text, Text>("customers");
  orders
      .left_join(
          customers, [](const Text& order) { return order; },
          [](const Text& order, const MaybeText& customer) {
            return order + "+" + customer.value_or("none");
          })
      .to_stream()
      .to("out");
  Drive drive(builder, {.abort_once_a_record = GetParam()});

  drive.pipe_to("orders", "1", "eva", 1);
  drive.pipe_to("orders", "2", "eva", 2);
  drive.pipe_to("orders", "2", "max", 3);
  drive.driver().restart();
  drive.texts();
  drive.pipe_to("customers", "eva", "Eva", 4);
  drive.driver().restart();
  drive.pipe_to("customers", "max", "Max", 5);
  drive.pipe_to("orders", "1", "max", 6);

  EXPECT_THAT(drive.texts(), ElementsAre("1=eva+Eva@4", "2=max+Max@5", "1=max+Max@6"));
}
INSTANTIATE_TEST_SUITE_P(Aborts, ForeignKeyRecovery, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? "EachRecord" : "None"; });

}  // namespace
}  // namespace millstream::testing
