// Suppression: updates held back until their window closes, or for a time, in bounded buffers.

#include <millstream/topology/errors.h>

#include "drive.h"

namespace millstream::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kJoin = [](const Text& all, const Text& value) { return all + "," + value; };
constexpr auto kNameWindow = [](const Windowed<Text>& key, const MaybeText&) {
  return window_text(key);
};

void suppress_table(StreamsBuilder& builder, Duration limit, BufferConfig buffer) {
  builder.table<Text, Text>("in")
      .suppress(Suppressed::until_time_limit(limit, std::move(buffer)))
      .to_stream()
      .to("out");
}

TEST(SuppressUntilTimeLimit, PutsOutTheLastUpdateOfARowWhenTheFirstIsOldEnough) {
  StreamsBuilder builder;
  suppress_table(builder, Duration(10), BufferConfig::unbounded());
  Drive drive(builder);

  drive.pipe("a", "1", 0);
  drive.pipe("a", "2", 5);
  drive.pipe("b", "3", 9);
  EXPECT_THAT(drive.texts(), IsEmpty());
  drive.pipe("c", "4", 10);
  EXPECT_THAT(drive.texts(), ElementsAre("a=2@5"));
  drive.pipe("c", "5", 19);

  EXPECT_THAT(drive.texts(), ElementsAre("b=3@9"));
}

TEST(SuppressUntilTimeLimit, PutsOutWhatIsDueTogetherByTimeThenKey) {
  StreamsBuilder builder;
  suppress_table(builder, Duration(10), BufferConfig::unbounded());
  Drive drive(builder);

  drive.pipe("b", "1", 5);
  drive.pipe("a", "2", 5);
  drive.pipe("c", "3", 4);
  drive.pipe("z", "4", 100);

  EXPECT_THAT(drive.texts(), ElementsAre("c=3@4", "a=2@5", "b=1@5"));
}

TEST(SuppressUntilTimeLimit, PutsTombstonesOut) {
  StreamsBuilder builder;
  suppress_table(builder, Duration(10), BufferConfig::unbounded());
  Drive drive(builder);

  drive.pipe("a", "1", 0);
  drive.pipe("a", std::nullopt, 1);
  drive.pipe("z", "moves the time on", 50);

  EXPECT_THAT(drive.texts(), ElementsAre("a=null@1"));
}

TEST(SuppressUntilTimeLimit, OfZeroHoldsNothingBack) {
  StreamsBuilder builder;
  suppress_table(builder, Duration(0), BufferConfig::unbounded());
  Drive drive(builder);

  drive.pipe("a", "1", 5);

  EXPECT_THAT(drive.texts(), ElementsAre("a=1@5"));
}

TEST(SuppressBuffer, OfAFewRecordsPutsOutTheOldestEarly) {
  StreamsBuilder builder;
  suppress_table(builder, Duration(1000), BufferConfig::max_records(2));
  Drive drive(builder);

  drive.pipe("a", "1", 1);
  drive.pipe("b", "2", 2);
  drive.pipe("a", "3", 3);
  EXPECT_THAT(drive.texts(), IsEmpty());
  drive.pipe("c", "4", 4);

  EXPECT_THAT(drive.texts(), ElementsAre("a=3@3"));
}

TEST(SuppressBuffer, OfAFewBytesPutsOutAsManyAsItMust) {
  StreamsBuilder builder;
  suppress_table(builder, Duration(1000), BufferConfig::max_bytes(300));
  Drive drive(builder);

  drive.pipe("a", Text(50, 'x'), 1);
  drive.pipe("b", Text(50, 'y'), 2);
  EXPECT_THAT(drive.texts(), IsEmpty());
  drive.pipe("c", Text(250, 'z'), 3);

  EXPECT_EQ(drive.texts().size(), 2U);
}

TEST(SuppressBuffer, ShutsDownWhenFullIfToldSo) {
  StreamsBuilder builder;
  suppress_table(builder, Duration(1000), BufferConfig::max_records(1).shut_down_when_full());
  Drive drive(builder);

  drive.pipe("a", "1", 1);

  EXPECT_THROW(drive.pipe("b", "2", 2), StreamsError);
}

TEST(SuppressBuffer, KeepsTheHeadersOfTheLastUpdate) {
  StreamsBuilder builder;
  suppress_table(builder, Duration(10), BufferConfig::unbounded());
  Drive drive(builder);
  auto in = drive.driver().create_input_topic<Text, Text>("in");
  Headers first;
  first.add("from", "first");
  Headers last;
  last.add("from", "last");

  in.pipe_input("a", "1", Timestamp(0), first);
  in.pipe_input("a", "2", Timestamp(1), last);
  in.pipe_input("z", "moves the time on", Timestamp(50));

  const auto record = drive.driver().read_raw("out");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->headers.last("from")->value, "last");
}

TEST(SuppressUntilWindowCloses, MovesTimeByTheUpdatesThatReachIt) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .group_by_key()
      .windowed_by(TimeWindows::of_size_and_grace(Duration(10), Duration(100)))
      .reduce(kJoin)
      .filter([](const Windowed<Text>&, const Text& all) { return all != "hidden"; })
      .suppress(Suppressed::until_window_closes(BufferConfig::unbounded()))
      .to_stream(kNameWindow)
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "1", 5);
  drive.pipe("b", "hidden", 120);
  EXPECT_THAT(drive.texts(), IsEmpty());
  drive.pipe("a", "2", 110);

  EXPECT_THAT(drive.texts(), ElementsAre("a[0,10)=1@5"));
}

TEST(SuppressUntilWindowCloses, SwallowsRowsThatEndAsTombstones) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .group_by_key()
      .windowed_by(TimeWindows::of_size_and_grace(Duration(10), Duration(0)))
      .reduce([](const Text&, const Text&) { return MaybeText(); })
      .suppress(Suppressed::until_window_closes(BufferConfig::unbounded()))
      .to_stream(kNameWindow)
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "1", 1);
  drive.pipe("a", "deletes", 2);
  drive.pipe("b", "moves the time on", 100);

  EXPECT_THAT(drive.texts(), IsEmpty());
}

TEST(SuppressUntilWindowCloses, PutsASessionOutWhenNothingCanJoinItAnyMore) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .group_by_key()
      .windowed_by(SessionWindows::of_inactivity_gap_and_grace(Duration(10), Duration(5)))
      .reduce(kJoin)
      .suppress(Suppressed::until_window_closes(BufferConfig::unbounded()))
      .to_stream(kNameWindow)
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "1", 0);
  drive.pipe("a", "2", 8);
  drive.pipe("b", "not yet", 22);
  EXPECT_THAT(drive.texts(), IsEmpty());
  drive.pipe("b", "now", 23);

  EXPECT_THAT(drive.texts(), ElementsAre("a[0,8)=1,2@8"));
}

TEST(Suppress, IsNamedAndLogsItsBufferUnlessToldNotTo) {
  StreamsBuilder builder;
  static_cast<void>(builder.table<Text, Text>("in").suppress(
      Suppressed::until_time_limit(Duration(10), BufferConfig::unbounded().with_logging_disabled())
          .with_name("held")));
  Drive drive(builder);

  EXPECT_FALSE(drive.driver().store_spec("held-store").logging);
}

}  // namespace
}  // namespace millstream::testing
