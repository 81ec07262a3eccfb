// The side output of records that operators drop: what Kafka Streams only counts can be read here.

#include <millstream/topology/processor.h>

#include "drive.h"

namespace millstream::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TopologyTestDriverOptions with_rejected_topic() {
  TopologyTestDriverOptions options;
  options.config.set("millstream.rejected.topic", "rejected");
  return options;
}

/// The rejected records as `key=value@time: reason in node`.
std::vector<Text> rejected(Drive& drive) {
  std::vector<Text> all;
  while (const auto record = drive.driver().read_raw("rejected")) {
    const auto header = [&](const char* name) {
      return *record->headers.last(Text("__streams.errors.") + name)->value;
    };
    all.push_back(record->key.value_or("null") + "=" + record->value.value_or("null") + "@" +
                  std::to_string(record->timestamp.ms()) + ": " + header("reason") + " in " +
                  header("node"));
  }
  return all;
}

constexpr auto kFirst = [](const Text& first, const Text&) { return first; };

TEST(Rejected, SaysWhereARecordCameFrom) {
  StreamsBuilder builder;
  static_cast<void>(builder.stream<MaybeText, Text>("in").group_by_key().count());
  Drive drive(builder, with_rejected_topic());

  drive.pipe("a", "kept");
  drive.pipe(std::nullopt, "dropped", 5);

  const auto record = drive.driver().read_raw("rejected");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->value, "dropped");
  EXPECT_EQ(record->headers.last("__streams.errors.topic")->value, "in");
  EXPECT_EQ(record->headers.last("__streams.errors.partition")->value, "0");
  EXPECT_EQ(record->headers.last("__streams.errors.offset")->value, "1");
}

TEST(Rejected, HoldsNullKeysAndNullValuesOfAggregations) {
  StreamsBuilder builder;
  static_cast<void>(
      builder.stream<MaybeText, MaybeText>("in").group_by_key().count(Named{"count"}));
  Drive drive(builder, with_rejected_topic());

  drive.pipe(std::nullopt, "x", 1);
  drive.pipe("a", std::nullopt, 2);

  EXPECT_THAT(rejected(drive),
              ElementsAre("null=x@1: null_key in count", "a=null@2: null_value in count"));
}

TEST(Rejected, HoldsLateRecordsOnceHoweverManyWindowsTheyAreLateFor) {
  StreamsBuilder builder;
  static_cast<void>(
      builder.stream<Text, Text>("in")
          .group_by_key()
          .windowed_by(TimeWindows::of_size_with_no_grace(Duration(10)).advance_by(Duration(5)))
          .count(Named{"count"}));
  Drive drive(builder, with_rejected_topic());

  drive.pipe("a", "x", 100);
  drive.pipe("a", "late", 7);

  EXPECT_THAT(rejected(drive), ElementsAre("a=late@7: late in count"));
}

TEST(Rejected, HoldsLateRecordsOfSessionsAndSlidingWindows) {
  StreamsBuilder builder;
  const auto grouped = builder.stream<Text, Text>("in").group_by_key();
  static_cast<void>(
      grouped.windowed_by(SessionWindows::of_inactivity_gap_with_no_grace(Duration(10)))
          .reduce(kFirst, Named{"session"}, {}));
  static_cast<void>(
      grouped.windowed_by(SlidingWindows::of_time_difference_with_no_grace(Duration(10)))
          .reduce(kFirst, Named{"sliding"}, {}));
  Drive drive(builder, with_rejected_topic());

  drive.pipe("a", "x", 100);
  drive.pipe("a", "late", 50);

  EXPECT_THAT(rejected(drive),
              ElementsAre("a=late@50: late in session", "a=late@50: late in sliding"));
}

TEST(Rejected, HoldsRecordsBeforeTheFirstWindow) {
  StreamsBuilder builder;
  static_cast<void>(builder.stream<Text, Text>("in")
                        .group_by_key()
                        .windowed_by(UnlimitedWindows::of().start_on(Timestamp(100)))
                        .count(Named{"count"}));
  Drive drive(builder, with_rejected_topic());

  drive.pipe("a", "early", 99);

  EXPECT_THAT(rejected(drive), ElementsAre("a=early@99: no_window in count"));
}

TEST(Rejected, HoldsNullKeysBeforeARepartitionWhichKafkaStreamsDoesNotEvenCount) {
  StreamsBuilder builder;
  builder.stream<MaybeText, Text>("in").repartition(Repartitioned<>{.name = "again"}).to("out");
  Drive drive(builder, with_rejected_topic());

  drive.pipe(std::nullopt, "x", 1);

  EXPECT_THAT(rejected(drive), ElementsAre("null=x@1: null_key in again-repartition-filter"));
}

TEST(Rejected, HoldsWhatJoinsDrop) {
  StreamsBuilder builder;
  const auto in = builder.stream<MaybeText, MaybeText>("in");
  const auto other = builder.stream<MaybeText, MaybeText>("other");
  const auto table =
      builder.table<Text, Text>("table", Consumed<MaybeText, MaybeText>{.name = "t"});
  in.join(other, kFirst, JoinWindows::of_time_difference_with_no_grace(Duration(10)),
          {.name = "streams"})
      .to("out");
  in.join(table, kFirst, {.name = "with-table"}).to("out");
  Drive drive(builder, with_rejected_topic());

  drive.pipe("a", std::nullopt, 1);
  drive.pipe(std::nullopt, "x", 2);
  drive.pipe_to("table", std::nullopt, "y", 3);

  EXPECT_THAT(
      rejected(drive),
      ElementsAre("a=null@1: null_value in streams-this-join", "a=null@1: null_value in with-table",
                  "null=x@2: null_key in streams-this-join",
                  "null=x@2: null_join_key in with-table", "null=y@3: null_key in t"));
}

TEST(Rejected, HoldsRecordsWithoutAValidTime) {
  StreamsBuilder builder;
  builder
      .stream<Text, Text>(
          "in", Consumed<Text, Text>{.name = "source",
                                     .timestamp_extractor = LogAndSkipOnInvalidTimestamp()})
      .to("out");
  Drive drive(builder, with_rejected_topic());

  drive.pipe("a", "x", -1);

  EXPECT_THAT(rejected(drive), ElementsAre("a=x@-1: invalid_timestamp in source"));
}

TEST(Rejected, HoldsVersionsBeyondTheHistory) {
  StreamsBuilder builder;
  builder
      .table<Text, Text>("in", Consumed<MaybeText, MaybeText>{.name = "t"},
                         {.name = "versions", .history = Duration(100)})
      .to_stream()
      .to("out");
  Drive drive(builder, with_rejected_topic());

  drive.pipe("a", "new", 200);
  drive.pipe("a", "old", 99);

  EXPECT_THAT(rejected(drive), ElementsAre("a=old@99: expired in t"));
}

TEST(Rejected, HoldsWhatAProcessorOfYourOwnDrops) {
  class DropAll final : public ContextualProcessor<Text, Text, Text, Text> {
   public:
    void process(const Record<Text, Text>&) override { context().drop(DropReason::kExpired); }
  };
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .process([] { return std::make_unique<DropAll>(); }, {}, Named{"mine"})
      .to("out");
  Drive drive(builder, with_rejected_topic());

  drive.pipe("a", "x", 1);

  EXPECT_THAT(rejected(drive), ElementsAre("a=x@1: expired in mine"));
  EXPECT_THAT(drive.texts(), IsEmpty());
}

}  // namespace
}  // namespace millstream::testing
