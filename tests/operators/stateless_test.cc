// Stateless operators on nulls, keys, times and topics. What each does plainly: kstream_test.cc.

#include <vector>

#include "drive.h"

namespace millstream {
namespace {

using testing::Drive;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MaybeText;
using ::testing::Not;
using testing::Text;
using Names = std::vector<Text>;

KStream<MaybeText, MaybeText> maybe(StreamsBuilder& builder) {
  return builder.stream<MaybeText, MaybeText>("in");
}

Text text(const MaybeText& value) { return value.value_or("null"); }

TEST(Filter, SeesNullKeysAndNullValues) {
  StreamsBuilder builder;
  maybe(builder).filter([](const MaybeText& k, const MaybeText& v) { return !k || !v; }).to("out");
  Drive drive(builder);

  drive.pipe("a", "x");
  drive.pipe(std::nullopt, "y");
  drive.pipe("b", std::nullopt);

  EXPECT_THAT(drive.texts(), ElementsAre("null=y@0", "b=null@0"));
}

TEST(FilterNot, KeepsWhatFilterDrops) {
  StreamsBuilder builder;
  maybe(builder).filter_not([](const auto&, const MaybeText& v) { return v == "x"; }).to("out");
  Drive drive(builder);

  drive.pipe("a", "x");
  drive.pipe("a", "y");

  EXPECT_THAT(drive.texts(), ElementsAre("a=y@0"));
}

TEST(Map, KeepsTheTimestampAlsoOfOutOfOrderRecords) {
  StreamsBuilder builder;
  maybe(builder)
      .map([](const MaybeText& k, const MaybeText& v) { return std::pair(text(v), text(k)); })
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 9);
  drive.pipe(std::nullopt, "y", 3);

  EXPECT_THAT(drive.texts(), ElementsAre("x=a@9", "y=null@3"));
}

TEST(FlatMap, MakesNoneOneOrMany) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .flat_map([](const Text& k, const Text& v) {
        std::vector<std::pair<Text, Text>> made;
        for (const char c : v) made.emplace_back(Text(1, c), k);
        return made;
      })
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "");
  drive.pipe("b", "xy", 5);

  EXPECT_THAT(drive.texts(), ElementsAre("x=b@5", "y=b@5"));
}

TEST(FlatMapValues, KeepsTheKeyAndMayMakeNulls) {
  StreamsBuilder builder;
  maybe(builder)
      .flat_map_values([](const MaybeText& v) { return std::vector<MaybeText>{v, std::nullopt}; })
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "x");

  EXPECT_THAT(drive.texts(), ElementsAre("a=x@0", "a=null@0"));
}

TEST(SelectKey, RepartitionsBeforeGroupingAndDropsNullKeysThere) {
  StreamsBuilder builder;
  builder.stream<Text, MaybeText>("in")
      .select_key([](const Text&, const MaybeText& v) { return v; })
      .map_values([](const MaybeText& v) { return text(v); })
      .group_by_key()
      .count()
      .to_stream()
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "x");
  drive.pipe("b", std::nullopt);
  drive.pipe("c", "x");

  EXPECT_THAT(drive.numbers(), ElementsAre("x=1@0", "x=2@0"));
}

TEST(MapValues, NeedsNoRepartitionBeforeGrouping) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .map_values([](const Text& v) { return v; })
      .group_by_key()
      .count()
      .to_stream()
      .to("out");

  EXPECT_THAT(testing::built(builder)->describe(), Not(HasSubstr("repartition")));
}

TEST(Peek, SeesRecordsBeforeWhatIsBehindIt) {
  Names seen;
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .peek([&seen](const Text&, const Text& v) { seen.push_back("peek " + v); })
      .map_values([](const Text& v) { return v + "!"; })
      .for_each([&seen](const Text&, const Text& v) { seen.push_back("last " + v); });
  Drive drive(builder);

  drive.pipe("a", "x");

  EXPECT_THAT(seen, ElementsAre("peek x", "last x!"));
}

TEST(Split, DropsWhatNoBranchTakesWithoutADefault) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .split()
      .branch([](const Text&, const Text& v) { return v == "x"; },
              {.consumer = [](auto branch) { branch.to("out"); }})
      .no_default_branch();
  Drive drive(builder);

  drive.pipe("a", "x");
  drive.pipe("a", "y");

  EXPECT_THAT(drive.texts(), ElementsAre("a=x@0"));
}

TEST(Merge, HandsOnTheRecordsOfBothAsTheyCome) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").merge(builder.stream<Text, Text>("more")).to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 5);
  drive.pipe_to("more", "b", "y", 2);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x@5", "b=y@2"));
}

TEST(Repartition, IsNamedCountedAndDividedAsTold) {
  StreamsBuilder builder;
  std::vector<Text> asked;
  builder.stream<Text, Text>("in")
      .repartition({.name = "spread",
                    .partitions = 3,
                    .partitioner = [&asked](std::string_view topic, const Text& key, const Text&,
                                            PartitionId) -> std::optional<PartitionId> {
                      asked.push_back(Text(topic) + ":" + key);
                      return 0;
                    }})
      .to("out");
  const auto topology = testing::built(builder);
  TopologyTestDriver driver(topology);

  driver.create_input_topic<Text, Text>("in").pipe_input("a", "x");

  const auto& topics = topology->subtopologies().at(1).sources;
  EXPECT_EQ(topics.front().name, "spread-repartition");
  EXPECT_EQ(topics.front().partitions, 3);
  EXPECT_THAT(asked, ElementsAre("spread-repartition:a"));
  EXPECT_EQ((driver.create_output_topic<Text, Text>("out").read_value()), "x");
}

TEST(To, ChoosesTheTopicByTheRecord) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").to([](const Text&, const Text& v) { return "out-" + v; });
  Drive drive(builder);

  drive.pipe("a", "x");
  drive.pipe("a", "y");

  EXPECT_THAT(drive.texts("out-x"), ElementsAre("a=x@0"));
  EXPECT_THAT(drive.texts("out-y"), ElementsAre("a=y@0"));
}

TEST(FanOut, RunsEachChildToItsEndInTheOrderOfAttaching) {
  Names seen;
  const auto note = [&seen](const Text& who) {
    return [&seen, who](const Text&, const Text& v) { seen.push_back(who + v); };
  };
  StreamsBuilder builder;
  auto in = builder.stream<Text, Text>("in");
  in.flat_map_values([](const Text& v) {
      return Names{v + "1", v + "2"};
    }).for_each(note("first "));
  in.for_each(note("second "));
  Drive drive(builder);

  drive.pipe("a", "x");

  EXPECT_THAT(seen, ElementsAre("first x1", "first x2", "second x"));
}

TEST(Stateless, PutOutNothingWithoutRecords) {
  StreamsBuilder builder;
  maybe(builder).to("out");
  Drive drive(builder);

  EXPECT_THAT(drive.texts(), IsEmpty());
}

}  // namespace
}  // namespace millstream
