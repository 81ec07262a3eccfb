// Timestamp extractors: when a record happened.

#include <millstream/topology/errors.h>
#include <millstream/topology/timestamp_extractor.h>

#include "drive.h"

namespace millstream {
namespace {

using testing::Drive;
using ::testing::ElementsAre;
using testing::Text;
using TextConsumed = Consumed<Text, Text>;

void copy_with(StreamsBuilder& builder, TimestampExtractor<Text, Text> extractor) {
  builder.stream<Text, Text>("in", TextConsumed{.timestamp_extractor = std::move(extractor)})
      .to("out");
}

TEST(TimestampExtractor, FailsOnANegativeTimestampUnlessToldOtherwise) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 5);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x@5"));
  EXPECT_THROW(drive.pipe("a", "y", -1), StreamsError);
}

TEST(TimestampExtractor, LogAndSkipDropsTheRecordAndGoesOn) {
  StreamsBuilder builder;
  copy_with(builder, LogAndSkipOnInvalidTimestamp());
  Drive drive(builder);

  drive.pipe("a", "x", -1);
  drive.pipe("a", "y", 5);

  EXPECT_THAT(drive.texts(), ElementsAre("a=y@5"));
}

TEST(TimestampExtractor, PartitionTimeReplacesANegativeTimestamp) {
  StreamsBuilder builder;
  copy_with(builder, UsePartitionTimeOnInvalidTimestamp());
  Drive drive(builder);

  drive.pipe("a", "x", 7);
  drive.pipe("a", "earlier", 3);
  drive.pipe("a", "y", -1);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x@7", "a=earlier@3", "a=y@7"));
}

TEST(TimestampExtractor, PartitionTimeFailsWhereThereIsNoneYet) {
  StreamsBuilder builder;
  copy_with(builder, UsePartitionTimeOnInvalidTimestamp());
  Drive drive(builder);

  EXPECT_THROW(drive.pipe("a", "x", -1), StreamsError);
}

TEST(TimestampExtractor, WallClockTakesTheTimeOfProcessing) {
  StreamsBuilder builder;
  copy_with(builder, WallclockTimestampExtractor());
  Drive drive(builder, {.initial_wall_clock = Timestamp(1000)});

  drive.pipe("a", "x", 5);
  drive.driver().advance_wall_clock_time(Duration(20));
  drive.pipe("a", "y", 5);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x@1000", "a=y@1020"));
}

TEST(TimestampExtractor, MayReadTheValueAndDropByANegativeResult) {
  StreamsBuilder builder;
  copy_with(builder, [](const Record<Text, Text>& record, const ExtractionContext&) {
    return record.value().empty() ? Timestamp::none() : Timestamp(std::stoll(record.value()));
  });
  Drive drive(builder);

  drive.pipe("a", "42", 5);
  drive.pipe("a", "", 5);

  EXPECT_THAT(drive.texts(), ElementsAre("a=42@42"));
}

TEST(TimestampExtractor, DoesNotApplyToRepartitionTopics) {
  StreamsBuilder builder;
  builder
      .stream<Text, Text>(
          "in", TextConsumed{.timestamp_extractor =
                                 [](const Record<Text, Text>&, const ExtractionContext& context) {
                                   return context.partition_time.is_valid()
                                              ? context.partition_time + Duration(1)
                                              : Timestamp(100);
                                 }})
      .repartition()
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 5);
  drive.pipe("a", "y", 5);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x@100", "a=y@101"));
}

}  // namespace
}  // namespace millstream
