// Tumbling, hopping and unlimited windows of grouped streams.

#include <millstream/state/timestamped_window_store.h>

#include "drive.h"

namespace millstream {
namespace {

using testing::Drive;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::MaybeText;
using testing::Text;
using testing::window_text;

constexpr auto kWindowText = [](const Windowed<Text>& key, const auto&) {
  return window_text(key);
};

/// Count the records of each key and window; nulls may come.
template <class W>
void count_by(StreamsBuilder& builder, W windows) {
  builder.stream<MaybeText, MaybeText>("in")
      .group_by_key()
      .windowed_by(windows)
      .count({.name = "counts"})
      .to_stream(kWindowText)
      .to("out");
}

TimeWindows tens(std::int64_t grace) {
  return TimeWindows::of_size_and_grace(Duration(10), Duration(grace));
}

TEST(TumblingWindows, CountEachKeyAndWindowByItself) {
  StreamsBuilder builder;
  count_by(builder, tens(0));
  Drive drive(builder);

  drive.pipe("a", "x", 0);
  drive.pipe("b", "x", 1);
  drive.pipe("a", "x", 9);
  drive.pipe("a", "x", 10);

  EXPECT_THAT(drive.numbers(),
              ElementsAre("a[0,10)=1@0", "b[0,10)=1@1", "a[0,10)=2@9", "a[10,20)=1@10"));
}

TEST(TumblingWindows, TakeOutOfOrderRecordsIntoTheirWindowWithItsGreatestTimestamp) {
  StreamsBuilder builder;
  count_by(builder, tens(100));
  Drive drive(builder);

  drive.pipe("a", "x", 8);
  drive.pipe("a", "x", 15);
  drive.pipe("a", "x", 2);

  EXPECT_THAT(drive.numbers(), ElementsAre("a[0,10)=1@8", "a[10,20)=1@15", "a[0,10)=2@8"));
}

TEST(TumblingWindows, DropRecordsOfWindowsWhoseGraceIsOver) {
  StreamsBuilder builder;
  count_by(builder, tens(5));
  Drive drive(builder);

  drive.pipe("a", "x", 14);
  drive.pipe("a", "x", 9);  // closes at 15
  drive.pipe("b", "x", 15);
  drive.pipe("a", "x", 9);  // late: stream time is of all keys

  EXPECT_THAT(drive.numbers(), ElementsAre("a[10,20)=1@14", "a[0,10)=1@9", "b[10,20)=1@15"));
}

TEST(TumblingWindows, DropNullKeysWhichDoNotMoveTimeAndTakeNullValues) {
  StreamsBuilder builder;
  count_by(builder, tens(0));
  Drive drive(builder);

  drive.pipe(std::nullopt, "x", 100);
  drive.pipe("a", std::nullopt, 5);

  EXPECT_THAT(drive.numbers(), ElementsAre("a[0,10)=1@5"));
}

TEST(TumblingWindows, AreReadFromTheirStore) {
  using Counts = TimestampedWindowStore<Text, std::int64_t>;
  StreamsBuilder builder;
  count_by(builder, tens(0));
  Drive drive(builder);

  drive.pipe("a", "x", 3);
  drive.pipe("a", "x", 4);

  auto counts = drive.driver().state_store<Counts>("counts");
  EXPECT_EQ(counts.fetch("a", Timestamp(0)), (ValueAndTimestamp<std::int64_t>{2, Timestamp(4)}));
  EXPECT_EQ(counts.fetch("a", Timestamp(10)), std::nullopt);
}

TEST(TumblingWindows, BeginAgainAfterANullResult) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .group_by_key()
      .windowed_by(tens(0))
      .reduce([](const Text& all, const Text& value) {
        return value == "stop" ? MaybeText() : MaybeText(all + value);
      })
      .to_stream(kWindowText)
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 1);
  drive.pipe("a", "stop", 2);
  drive.pipe("a", "y", 3);

  EXPECT_THAT(drive.texts(), ElementsAre("a[0,10)=x@1", "a[0,10)=null@2", "a[0,10)=y@3"));
}

TEST(HoppingWindows, PutARecordIntoEveryWindowThatHoldsItByStart) {
  StreamsBuilder builder;
  count_by(builder, tens(0).advance_by(Duration(5)));
  Drive drive(builder);

  drive.pipe("a", "x", 12);

  EXPECT_THAT(drive.numbers(), ElementsAre("a[5,15)=1@12", "a[10,20)=1@12"));
}

TEST(HoppingWindows, HaveNoNegativeStarts) {
  StreamsBuilder builder;
  count_by(builder, tens(0).advance_by(Duration(5)));
  Drive drive(builder);

  drive.pipe("a", "x", 2);

  EXPECT_THAT(drive.numbers(), ElementsAre("a[0,10)=1@2"));
}

TEST(HoppingWindows, AreLateOneByOne) {
  StreamsBuilder builder;
  count_by(builder, tens(0).advance_by(Duration(5)));
  Drive drive(builder);

  drive.pipe("a", "x", 15);
  drive.pipe("b", "x", 12);  // [5,15) is closed, [10,20) isn't

  EXPECT_THAT(drive.numbers(), ElementsAre("a[10,20)=1@15", "a[15,25)=1@15", "b[10,20)=1@12"));
}

TEST(UnlimitedWindows, HoldAllFromTheirStart) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .group_by_key()
      .windowed_by(UnlimitedWindows::of().start_on(Timestamp(10)))
      .count()
      .to_stream([](const Windowed<Text>& key, const auto&) { return key.key; })
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 9);
  drive.pipe("a", "x", 10);
  drive.pipe("a", "x", 1'000'000);

  EXPECT_THAT(drive.numbers(), ElementsAre("a=1@10", "a=2@1000000"));
}

TEST(TimeWindows, RefuseSizesThatMakeNoSense) {
  StreamsBuilder builder;
  count_by(builder, tens(0).advance_by(Duration(11)));

  EXPECT_FALSE(builder.build().has_value());
}

TEST(TimeWindows, PutOutNothingWithoutRecords) {
  StreamsBuilder builder;
  count_by(builder, tens(0));
  Drive drive(builder);

  drive.driver().advance_wall_clock_time(Duration(1000));

  EXPECT_THAT(drive.numbers(), IsEmpty());
}

}  // namespace
}  // namespace millstream
