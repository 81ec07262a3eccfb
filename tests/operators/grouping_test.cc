// Grouping and aggregation without windows: nulls, times, repartition, stores.

#include <millstream/state/timestamped_key_value_store.h>

#include "drive.h"

namespace millstream {
namespace {

using testing::Drive;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MaybeText;
using ::testing::Not;
using testing::Text;

constexpr auto kByComma = [](const Text& all, const Text& value) { return all + "," + value; };

TEST(GroupByKey, TakesTheKeyAsItIsWithoutRepartition) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").group_by_key().count().to_stream().to("out");

  EXPECT_THAT(testing::built(builder)->describe(), Not(HasSubstr("repartition")));
}

TEST(GroupBy, SendsRecordsThroughATopicByTheNewKey) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .group_by([](const Text&, const Text& v) { return v.substr(0, 1); }, {.name = "by-letter"})
      .reduce(kByComma)
      .to_stream()
      .to("out");
  Drive drive(builder);

  drive.pipe("1", "ant", 1);
  drive.pipe("2", "bee", 2);
  drive.pipe("3", "ape", 3);

  EXPECT_THAT(drive.texts(), ElementsAre("a=ant@1", "b=bee@2", "a=ant,ape@3"));
  EXPECT_THAT(drive.texts("topology-test-driver-by-letter-repartition"),
              ElementsAre("a=ant@1", "b=bee@2", "a=ape@3"));
}

TEST(Count, DropsNullKeysAndNullValues) {
  StreamsBuilder builder;
  builder.stream<MaybeText, MaybeText>("in").group_by_key().count().to_stream().to("out");
  Drive drive(builder);

  drive.pipe(std::nullopt, "x");
  drive.pipe("a", std::nullopt);
  drive.pipe("a", "x");

  EXPECT_THAT(drive.numbers(), ElementsAre("a=1@0"));
}

TEST(Aggregations, CarryTheGreatestTimestampOfTheirRecords) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").group_by_key().reduce(kByComma).to_stream().to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 10);
  drive.pipe("a", "y", 4);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x@10", "a=x,y@10"));
}

TEST(Aggregations, BeginAgainWithTheRecordsOwnTimestampAfterADeletion) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .group_by_key()
      .aggregate([] { return Text("begin"); },
                 [](const Text&, const Text& value, const Text& all) {
                   return value == "stop" ? MaybeText() : MaybeText(all + "," + value);
                 })
      .to_stream()
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 10);
  drive.pipe("a", "stop", 11);
  drive.pipe("a", "y", 4);

  EXPECT_THAT(drive.texts(), ElementsAre("a=begin,x@10", "a=null@11", "a=begin,y@4"));
}

TEST(Reduce, BeginsWithTheFirstValueItself) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .group_by_key()
      .reduce([](const Text&, const Text&) { return Text("reduced"); })
      .to_stream()
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "x");
  drive.pipe("a", "y");

  EXPECT_THAT(drive.texts(), ElementsAre("a=x@0", "a=reduced@0"));
}

TEST(Aggregations, OfOneGroupShareOneRepartitionTopic) {
  StreamsBuilder builder;
  auto group = builder.stream<Text, Text>("in").group_by(
      [](const Text&, const Text& v) { return v; }, {.name = "shared"});
  group.count().to_stream().to("counts");
  group.reduce(kByComma).to_stream().to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 1);

  EXPECT_THAT(drive.texts("topology-test-driver-shared-repartition"), ElementsAre("x=x@1"));
  EXPECT_THAT(drive.numbers("counts"), ElementsAre("x=1@1"));
  EXPECT_THAT(drive.texts(), ElementsAre("x=x@1"));
}

TEST(Aggregations, KeepTheirRowsInMemoryWhereToldTo) {
  using Counts = TimestampedKeyValueStore<Text, std::int64_t>;
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .group_by_key()
      .count({.name = "counts", .in_memory = true})
      .to_stream()
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 7);

  EXPECT_FALSE(drive.driver().store_spec("counts").persistent);
  EXPECT_EQ(drive.driver().state_store<Counts>("counts").get("a"),
            (ValueAndTimestamp<std::int64_t>{1, Timestamp(7)}));
}

}  // namespace
}  // namespace millstream
