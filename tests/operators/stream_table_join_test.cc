// Joins of a stream with a table, a global table, and a table that keeps versions.

#include <millstream/state/timestamped_key_value_store.h>

#include "drive.h"

namespace millstream::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr auto kPair = [](const Text& value, const Text& row) { return value + "+" + row; };
constexpr auto kPairLeft = [](const Text& value, const MaybeText& row) {
  return value + "+" + row.value_or("none");
};

TEST(StreamTableJoin, FindsTheRowThatThereIsWhenARecordComes) {
  StreamsBuilder builder;
  const auto table = builder.table<Text, Text>("table");
  builder.stream<Text, Text>("in").join(table, kPair).to("out");
  Drive drive(builder);

  drive.pipe("a", "too early", 1);
  drive.pipe_to("table", "a", "row", 50);
  drive.pipe("a", "now", 2);
  drive.pipe_to("table", "a", "another row", 3);
  drive.pipe("a", "later", 4);
  drive.pipe_to("table", "a", std::nullopt, 5);
  drive.pipe("a", "too late", 6);

  // Arrival decides, not time, and the result's time is the record's.
  EXPECT_THAT(drive.texts(), ElementsAre("a=now+row@2", "a=later+another row@4"));
}

TEST(StreamTableJoin, PutsNothingOutForAChangeOfTheTable) {
  StreamsBuilder builder;
  const auto table = builder.table<Text, Text>("table");
  builder.stream<Text, Text>("in").left_join(table, kPairLeft).to("out");
  Drive drive(builder);

  drive.pipe_to("table", "a", "row", 1);

  EXPECT_THAT(drive.texts(), IsEmpty());
}

TEST(StreamTableJoin, DropsNullKeysAndNullValues) {
  StreamsBuilder builder;
  const auto table = builder.table<Text, Text>("table");
  builder.stream<MaybeText, MaybeText>("in").join(table, kPair).to("out");
  Drive drive(builder);

  drive.pipe_to("table", "a", "row");
  drive.pipe(std::nullopt, "x");
  drive.pipe("a", std::nullopt);

  EXPECT_THAT(drive.texts(), IsEmpty());
}

TEST(StreamTableLeftJoin, HasAResultForEachRecordNullKeysIncluded) {
  StreamsBuilder builder;
  const auto table = builder.table<Text, Text>("table");
  builder.stream<MaybeText, Text>("in").left_join(table, kPairLeft).to("out");
  Drive drive(builder);

  drive.pipe_to("table", "a", "row");
  drive.pipe("a", "x", 1);
  drive.pipe("b", "y", 2);
  drive.pipe(std::nullopt, "z", 3);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x+row@1", "b=y+none@2", "null=z+none@3"));
}

TEST(StreamTableJoin, RepartitionsTheStreamWhereItsKeyChanged) {
  StreamsBuilder builder;
  const auto table = builder.table<Text, Text>("table");
  builder.stream<Text, Text>("in")
      .select_key([](const Text&, const Text& value) { return value; })
      .join(table, kPair, {.name = "enrich"})
      .to("out");
  Drive drive(builder);

  drive.pipe_to("table", "x", "row", 1);
  drive.pipe("a", "x", 2);

  EXPECT_THAT(drive.texts(), ElementsAre("x=x+row@2"));
  EXPECT_THAT(drive.texts("topology-test-driver-enrich-repartition"), ElementsAre("x=x@2"));
}

TEST(StreamTableJoin, ReadsAComputedTableThroughItsFilter) {
  StreamsBuilder builder;
  const auto table = builder.table<Text, Text>("table")
                         .filter([](const Text&, const Text& row) { return row != "no"; })
                         .map_values([](const Text& row) { return row + "!"; });
  builder.stream<Text, Text>("in").left_join(table, kPairLeft).to("out");
  Drive drive(builder);

  drive.pipe_to("table", "a", "yes");
  drive.pipe_to("table", "b", "no");
  drive.pipe("a", "x");
  drive.pipe("b", "x");

  EXPECT_THAT(drive.texts(), ElementsAre("a=x+yes!@0", "b=x+none@0"));
}

TEST(GlobalTableJoin, FindsRowsByAnyKeyWithoutRepartition) {
  StreamsBuilder builder;
  const auto products = builder.global_table<Text, Text>("products");
  builder.stream<Text, Text>("in")
      .join(
          products, [](const Text&, const Text& value) { return value; }, kPair)
      .to("out");
  const auto topology = built(builder);
  TopologyTestDriver driver(topology);
  auto products_in = driver.create_input_topic<Text, Text>("products");
  auto orders = driver.create_input_topic<Text, Text>("in");

  products_in.pipe_input("tea", "Assam");
  orders.pipe_input("order-1", "tea");
  orders.pipe_input("order-2", "coffee");

  EXPECT_THAT(topology->describe(), Not(HasSubstr("repartition")));
  EXPECT_THAT((driver.create_output_topic<Text, Text>("out").read_key_values()),
              ElementsAre(std::pair("order-1", "tea+Assam")));
}

TEST(GlobalTableLeftJoin, HasAResultForEachRecordNullKeysIncluded) {
  StreamsBuilder builder;
  const auto table = builder.global_table<Text, Text>("table", Materialized<>{.name = "rows"});
  builder.stream<Text, MaybeText>("in")
      .left_join(
          table, [](const Text& key, const MaybeText&) { return key == "-" ? MaybeText() : key; },
          kPairLeft)
      .to("out");
  Drive drive(builder);

  drive.pipe_to("table", "a", "row");
  drive.pipe("a", "x", 1);
  drive.pipe("b", "y", 2);
  drive.pipe("-", "z", 3);
  drive.pipe("a", std::nullopt, 4);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x+row@1", "b=y+none@2", "-=z+none@3"));
}

TEST(GlobalTable, ForgetsRowsByNullValuesAndIsReadable) {
  StreamsBuilder builder;
  const auto table = builder.global_table<Text, Text>("table", Materialized<>{.name = "rows"});
  builder.stream<Text, Text>("in")
      .join(
          table, [](const Text& key, const Text&) { return key; }, kPair)
      .to("out");
  Drive drive(builder);
  using Rows = TimestampedKeyValueStore<Text, Text>;

  drive.pipe_to("table", "a", "row", 7);
  EXPECT_EQ(drive.driver().state_store<Rows>("rows").get("a"),
            (ValueAndTimestamp<Text>{"row", Timestamp(7)}));
  drive.pipe_to("table", "a", std::nullopt, 8);

  EXPECT_EQ(drive.driver().state_store<Rows>("rows").get("a"), std::nullopt);
}

/// A table that keeps all versions of its rows for 100 ms of the table's time.
KTable<Text, Text> versioned(StreamsBuilder& builder) {
  return builder.table<Text, Text>("table", {.name = "versions", .history = Duration(100)});
}

TEST(VersionedTableJoin, FindsTheRowOfTheRecordsTime) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").left_join(versioned(builder), kPairLeft).to("out");
  Drive drive(builder);

  drive.pipe_to("table", "a", "of 10", 10);
  drive.pipe_to("table", "a", "of 30", 30);
  drive.pipe_to("table", "a", "of 20, late", 20);
  for (const std::int64_t time : {5, 10, 25, 30, 99}) drive.pipe("a", "x", time);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x+none@5", "a=x+of 10@10", "a=x+of 20, late@25",
                                         "a=x+of 30@30", "a=x+of 30@99"));
}

TEST(VersionedTableJoin, ForgetsWhatIsOlderThanTheHistory) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").left_join(versioned(builder), kPairLeft).to("out");
  Drive drive(builder);

  drive.pipe_to("table", "a", "of 10", 10);
  drive.pipe_to("table", "a", "of 200", 200);
  drive.pipe("a", "x", 99);
  drive.pipe("a", "x", 100);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x+none@99", "a=x+of 10@100"));
}

TEST(JoinGrace, LetsRecordsWaitForTheRowsOfTheirTime) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .join(versioned(builder), kPair, {.name = "patient", .grace = Duration(10)})
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 50);
  drive.pipe_to("table", "a", "row of 50", 50);
  drive.pipe("b", "not yet", 59);
  EXPECT_THAT(drive.texts(), IsEmpty());
  drive.pipe("b", "now", 60);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x+row of 50@50"));
}

TEST(JoinGrace, PutsWaitingRecordsOutByTimeThenKeyThenArrival) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .left_join(versioned(builder), kPairLeft, {.name = "patient", .grace = Duration(10)})
      .to("out");
  Drive drive(builder);

  drive.pipe("b", "1", 50);
  drive.pipe("a", "2", 50);
  drive.pipe("a", "3", 50);
  drive.pipe("z", "4", 45);
  drive.pipe("x", "5", 100);

  EXPECT_THAT(drive.texts(),
              ElementsAre("z=4+none@45", "a=2+none@50", "a=3+none@50", "b=1+none@50"));
}

TEST(JoinGrace, JoinsARecordThatIsTooLateAtOnce) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .left_join(versioned(builder), kPairLeft, {.name = "patient", .grace = Duration(10)})
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "newest", 100);
  drive.pipe("a", "late", 89);

  EXPECT_THAT(drive.texts(), ElementsAre("a=late+none@89"));
}

TEST(JoinGrace, NeedsATableThatKeepsVersionsForAsLong) {
  StreamsBuilder builder;
  const auto plain = builder.table<Text, Text>("plain");
  const auto in = builder.stream<Text, Text>("in");
  in.join(plain, kPair, {.name = "one", .grace = Duration(10)}).to("out");
  in.join(versioned(builder), kPair, {.name = "two", .grace = Duration(1000)}).to("out");

  const auto topology = builder.build();

  ASSERT_FALSE(topology);
  EXPECT_THAT(std::string(topology.error().message()),
              HasSubstr("join one has a grace period, but its"));
  EXPECT_THAT(std::string(topology.error().message()),
              HasSubstr("join two has a grace period of 1000 ms"));
}

}  // namespace
}  // namespace millstream::testing
