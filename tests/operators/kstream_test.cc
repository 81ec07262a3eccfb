// Streams: stateless operators and grouping, as a person uses them.

#include <millstream/core/serdes.h>
#include <millstream/operators/streams_builder.h>
#include <millstream/state/timestamped_key_value_store.h>
#include <millstream/testing/topology_test_driver.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace millstream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using Text = std::string;
using Nullable = std::optional<Text>;

/// Pipe records `(key, value)` of one topic through a topology, and read another.
template <class K, class V, class KOut, class VOut>
std::vector<std::pair<KOut, VOut>> run(StreamsBuilder& builder,
                                       const std::vector<std::pair<K, V>>& records) {
  TopologyTestDriver driver(*builder.build());
  auto in = driver.create_input_topic<K, V>("in");
  for (const auto& [key, value] : records) in.pipe_input(key, value);
  return driver.create_output_topic<KOut, VOut>("out").read_key_values();
}

std::vector<std::pair<Text, Text>> run_texts(StreamsBuilder& builder,
                                             const std::vector<std::pair<Text, Text>>& records) {
  return run<Text, Text, Text, Text>(builder, records);
}

TEST(KStreamFilter, DropsRecordWhenPredicateIsFalse) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .filter([](const Text&, const Text& value) { return value != "no"; })
      .to("out");

  EXPECT_THAT(run_texts(builder, {{"a", "yes"}, {"b", "no"}}), ElementsAre(Pair("a", "yes")));
}

TEST(KStreamMap, ReplacesKeyAndValue) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .map([](const Text& key, const Text& value) { return std::pair(value, key); })
      .to("out");

  EXPECT_THAT(run_texts(builder, {{"a", "x"}}), ElementsAre(Pair("x", "a")));
}

TEST(KStreamMapValues, TakesValueOrKeyAndValue) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .map_values([](const Text& value) { return value.size(); })
      .map_values([](const Text& key, std::size_t size) { return key + std::to_string(size); })
      .to("out");

  EXPECT_THAT(run_texts(builder, {{"a", "xyz"}}), ElementsAre(Pair("a", "a3")));
}

TEST(KStreamSplit, SendsEachRecordToTheFirstBranchThatTakesIt) {
  StreamsBuilder builder;
  auto branches =
      builder.stream<Text, Text>("in")
          .split({"by-"})
          .branch([](const Text&, const Text& v) { return v.size() > 1; }, Branched{.name = "long"})
          .default_branch(Branched{.name = "rest"});
  branches.at("by-long").map_values([](const Text& v) { return "long " + v; }).to("out");
  branches.at("by-rest").to("out");

  EXPECT_THAT(run_texts(builder, {{"a", "xy"}, {"b", "z"}}),
              ElementsAre(Pair("a", "long xy"), Pair("b", "z")));
}

TEST(KStreamPrint, WritesALineARecord) {
  std::ostringstream lines;
  StreamsBuilder builder;
  builder.stream<Text, Nullable>("in").print(lines, "label");

  run<Text, Nullable, Text, Text>(builder, {{"a", "x"}, {"b", std::nullopt}});

  EXPECT_EQ(lines.str(), "[label]: a, x\n[label]: b, null\n");
}

TEST(KStreamRepartition, DropsNullKeys) {
  StreamsBuilder builder;
  builder.stream<Nullable, Text>("in").repartition().to("out");

  EXPECT_THAT((run<Nullable, Text, Nullable, Text>(builder, {{std::nullopt, "x"}, {"k", "y"}})),
              ElementsAre(Pair(Nullable("k"), "y")));
}

TEST(KGroupedStreamCount, CountsEachKeyAndKeepsTheGreatestTimestamp) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").group_by_key().count({.name = "counts"}).to_stream().to("out");
  TopologyTestDriver driver(*builder.build());
  auto in = driver.create_input_topic<Text, Text>("in");

  in.pipe_input("a", "x", Timestamp(10));
  in.pipe_input("a", "y", Timestamp(3));

  using Counts = TimestampedKeyValueStore<Text, std::int64_t>;
  const auto row = driver.state_store<Counts>("counts").get("a");
  EXPECT_EQ(row, (ValueAndTimestamp<std::int64_t>{2, Timestamp(10)}));
}

TEST(KGroupedStreamAggregate, DropsNullKeysAndNullValuesAndCountsThem) {
  StreamsBuilder builder;
  builder.stream<Nullable, Nullable>("in")
      .group_by_key()
      .aggregate([] { return Text(); },
                 [](const Text&, const Text& value, Text all) { return all + value; })
      .to_stream()
      .to("out");

  EXPECT_THAT((run<Nullable, Nullable, Text, Text>(
                  builder, {{std::nullopt, "x"}, {"a", std::nullopt}, {"a", "y"}, {"a", "z"}})),
              ElementsAre(Pair("a", "y"), Pair("a", "yz")));
}

TEST(KGroupedStreamReduce, DeletesWhereTheResultIsNull) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .group_by_key()
      .reduce([](const Text& all, const Text& value) {
        return value == "stop" ? Nullable() : Nullable(all + value);
      })
      .to_stream()
      .to("out");

  EXPECT_THAT((run<Text, Text, Text, Nullable>(
                  builder, {{"a", "x"}, {"a", "y"}, {"a", "stop"}, {"a", "z"}})),
              ElementsAre(Pair("a", Nullable("x")), Pair("a", Nullable("xy")),
                          Pair("a", std::nullopt), Pair("a", Nullable("z"))));
}

TEST(TimeWindowedKStream, CountsByWindowAndDropsLateRecords) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .group_by_key()
      .windowed_by(TimeWindows::of_size_and_grace(Duration(10), Duration(5)))
      .count()
      .to_stream([](const Windowed<Text>& key, const auto&) {
        return key.key + "@" + std::to_string(key.window.start.ms());
      })
      .to("out");
  TopologyTestDriver driver(*builder.build());
  auto in = driver.create_input_topic<Text, Text>("in");

  in.pipe_input("a", "", Timestamp(1));
  in.pipe_input("a", "", Timestamp(14));
  in.pipe_input("a", "", Timestamp(9));  // within the grace
  in.pipe_input("a", "", Timestamp(15));
  in.pipe_input("a", "", Timestamp(9));  // late

  EXPECT_THAT((driver.create_output_topic<Text, std::int64_t>("out").read_key_values()),
              ElementsAre(Pair("a@0", 1), Pair("a@10", 1), Pair("a@0", 2), Pair("a@10", 2)));
}

TEST(StreamsBuilder, SharesOneSourceBetweenStreamsOfATopic) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").to("out");
  builder.stream<Text, Text>("in").to("other");

  EXPECT_THAT((*builder.build())->describe(),
              HasSubstr("--> KSTREAM-SINK-0000000001, KSTREAM-SINK-0000000003"));
}

TEST(StreamsBuilder, RefusesATopicReadAsTwoTypes) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").to("out");
  builder.stream<Text, std::int64_t>("in").to("other");

  const auto built = builder.build();

  ASSERT_FALSE(built.has_value());
  EXPECT_THAT(std::string(built.error().message()),
              HasSubstr("topic in is read as (std::string, std::string) and as (std::string, "
                        "std::int64_t)"));
}

TEST(KTableGroupBy, MovesARowFromItsOldGroupToItsNewOne) {
  StreamsBuilder builder;
  builder.table<Text, Text>("in")
      .group_by([](const Text& key, const Text& value) { return std::pair(value, key); })
      .count()
      .to_stream()
      .to("out");

  EXPECT_THAT(
      (run<Text, Nullable, Text, std::int64_t>(
          builder, {{"a", "red"}, {"b", "red"}, {"a", "blue"}, {"b", std::nullopt}})),
      ElementsAre(Pair("red", 1), Pair("red", 2), Pair("red", 1), Pair("blue", 1), Pair("red", 0)));
}

TEST(KTableFilter, SendsTombstonesOnlyForRowsThatWereThere) {
  StreamsBuilder builder;
  builder.table<Text, Text>("in", Materialized{.name = "rows"})
      .filter([](const Text&, const Text& value) { return value != "no"; })
      .to_stream()
      .to("out");

  EXPECT_THAT((run<Text, Text, Text, Nullable>(builder, {{"a", "no"}, {"a", "yes"}, {"a", "no"}})),
              ElementsAre(Pair("a", Nullable("yes")), Pair("a", std::nullopt)));
}

}  // namespace
}  // namespace millstream
