// Input that falls silent or ends: an opt-in a source, so that the last windows close.

#include "drive.h"

#include <map>

namespace millstream::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kNameWindow = [](const Windowed<Text>& key, const auto&) {
  return window_text(key);
};

/// Silent for 30 s of wall-clock time: then wall-clock time is stream time.
Consumed<> idle_after_30_s(std::string name = {}) {
  return {.name = std::move(name), .idle_timeout = Duration(30'000)};
}

/// The final counts of windows of 10 ms.
template <class Stream>
void count_closed_windows(const Stream& stream) {
  stream.group_by_key()
      .windowed_by(TimeWindows::of_size_with_no_grace(Duration(10)))
      .emit_strategy(EmitStrategy::kOnWindowClose)
      .count()
      .to_stream(kNameWindow)
      .to("out");
}

TEST(IdleInput, ClosesTheLastWindowsAfterTheTimeOut) {
  StreamsBuilder builder;
  count_closed_windows(builder.stream<Text, Text>("in", idle_after_30_s()));
  Drive drive(builder);

  drive.pipe("a", "x", 5);
  drive.driver().advance_wall_clock_time(Duration(29'999));
  EXPECT_THAT(drive.numbers(), IsEmpty());
  drive.driver().advance_wall_clock_time(Duration(1));

  EXPECT_THAT(drive.numbers(), ElementsAre("a[0,10)=1@5"));
}

TEST(IdleInput, NeverClosesThemWhereNobodyAsked) {
  StreamsBuilder builder;
  count_closed_windows(builder.stream<Text, Text>("in"));
  Drive drive(builder);

  drive.pipe("a", "x", 5);
  drive.driver().advance_wall_clock_time(Duration(1'000'000'000));

  EXPECT_THAT(drive.numbers(), IsEmpty());
}

TEST(IdleInput, CountsFromTheLastRecordOfAllSources) {
  StreamsBuilder builder;
  const auto one = builder.stream<Text, Text>("in", idle_after_30_s());
  const auto other = builder.stream<Text, Text>("other", idle_after_30_s());
  count_closed_windows(one.merge(other));
  Drive drive(builder);

  drive.pipe("a", "x", 5);
  drive.driver().advance_wall_clock_time(Duration(20'000));
  drive.pipe_to("other", "a", "y", 6);
  drive.driver().advance_wall_clock_time(Duration(20'000));
  EXPECT_THAT(drive.numbers(), IsEmpty());
  drive.driver().advance_wall_clock_time(Duration(10'000));

  EXPECT_THAT(drive.numbers(), ElementsAre("a[0,10)=2@6"));
}

TEST(IdleInput, WaitsForASourceThatHasNoTimeOut) {
  StreamsBuilder builder;
  const auto one = builder.stream<Text, Text>("in", idle_after_30_s());
  const auto other = builder.stream<Text, Text>("other");
  count_closed_windows(one.merge(other));
  Drive drive(builder);

  drive.pipe("a", "x", 5);
  drive.driver().advance_wall_clock_time(Duration(1'000'000));

  EXPECT_THAT(drive.numbers(), IsEmpty());
}

TEST(IdleInput, ReachesWindowsBehindARepartition) {
  StreamsBuilder builder;
  count_closed_windows(builder.stream<Text, Text>("in", idle_after_30_s())
                           .select_key([](const Text&, const Text& value) { return value; }));
  Drive drive(builder);

  drive.pipe("a", "x", 5);
  drive.driver().advance_wall_clock_time(Duration(30'000));

  EXPECT_THAT(drive.numbers(), ElementsAre("x[0,10)=1@5"));
}

TEST(IdleInput, IsHandedDownToInternalTopicsOnlyIfAllSourcesHaveIt) {
  StreamsBuilder builder;
  const auto idle = builder.stream<Text, Text>("in", idle_after_30_s());
  const auto busy = builder.stream<Text, Text>("other");
  idle.repartition(Repartitioned<>{.name = "one"}).to("out");
  idle.merge(busy).repartition(Repartitioned<>{.name = "both"}).to("out");
  const auto topology = built(builder);

  std::map<Text, std::optional<Duration>> timeouts;
  for (const Subtopology& part : topology->subtopologies()) {
    for (const SourceTopic& source : part.sources) timeouts[source.name] = source.idle_timeout;
  }

  // "in" and "other" are merged, so they are one sub-topology, and neither topic goes idle.
  EXPECT_EQ(timeouts["in"], Duration(30'000));
  EXPECT_EQ(timeouts["one-repartition"], std::nullopt);
  EXPECT_EQ(timeouts["both-repartition"], std::nullopt);
}

TEST(IdleInput, PunctuatesByStreamTimeAndEmitsWhatIsSuppressed) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in", idle_after_30_s())
      .group_by_key()
      .windowed_by(TimeWindows::of_size_with_no_grace(Duration(10)))
      .count()
      .suppress(Suppressed::until_window_closes(BufferConfig::unbounded()))
      .to_stream(kNameWindow)
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 5);
  drive.driver().advance_wall_clock_time(Duration(30'000));

  EXPECT_THAT(drive.numbers(), ElementsAre("a[0,10)=1@5"));
}

TEST(IdleInput, GoesOnCountingAfterARestart) {
  StreamsBuilder builder;
  count_closed_windows(builder.stream<Text, Text>("in", idle_after_30_s()));
  Drive drive(builder);

  drive.pipe("a", "x", 5);
  drive.driver().restart();
  drive.driver().advance_wall_clock_time(Duration(30'000));

  EXPECT_THAT(drive.numbers(), ElementsAre("a[0,10)=1@5"));
}

TEST(FinishedInput, ClosesWindowsUpToTheTimeSaid) {
  StreamsBuilder builder;
  count_closed_windows(builder.stream<Text, Text>("in"));
  Drive drive(builder);

  drive.pipe("a", "x", 5);
  drive.driver().advance_stream_time(Timestamp(9));
  EXPECT_THAT(drive.numbers(), IsEmpty());
  drive.driver().advance_stream_time(Timestamp(10));

  EXPECT_THAT(drive.numbers(), ElementsAre("a[0,10)=1@5"));
}

}  // namespace
}  // namespace millstream::testing
