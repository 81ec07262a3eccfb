// What windowed operators hold back survives an abort and a restart, and comes out at the input's
// end.

#include "task_fixture.h"

namespace millstream::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class WindowRecovery : public TaskFixture {};

constexpr auto kJoin = [](const Text& aggregate, const Text& value) {
  return aggregate + "," + value;
};

/// The final results of windows of 10 ms, of a grouped stream.
template <class Grouped>
void suppress_to_out(const Grouped& windowed) {
  windowed.reduce(kJoin)
      .suppress(Suppressed::until_window_closes(BufferConfig::unbounded()))
      .to_stream([](const Windowed<Text>& key, const MaybeText&) { return window_text(key); })
      .to("out");
}

TEST_F(WindowRecovery, SuppressedUpdatesAreThereAfterAnAbortAndARestart) {
  StreamsBuilder builder;
  suppress_to_out(builder.stream<Text, Text>("in").group_by_key().windowed_by(
      TimeWindows::of_size_with_no_grace(Duration(10))));
  start(builder);

  pipe("a", "1", 1);
  commit();
  pipe("a", "2", 2);
  pipe("b", "3", 30);
  EXPECT_THAT(texts.take(), ElementsAre("a[0,10)=1,2@2"));
  abort();
  pipe("a", "4", 4);
  commit();
  restart();
  EXPECT_THAT(texts.take(), IsEmpty());
  pipe("b", "5", 10);
  EXPECT_THAT(texts.take(), ElementsAre("a[0,10)=1,4@4"));
}

TEST_F(WindowRecovery, TheEndOfTheInputClosesTheLastWindowsOnce) {
  StreamsBuilder builder;
  auto windowed = builder.stream<Text, Text>("in").group_by_key().windowed_by(
      SessionWindows::of_inactivity_gap_with_no_grace(Duration(10)));
  suppress_to_out(windowed);
  windowed.emit_strategy(EmitStrategy::kOnWindowClose)
      .reduce(kJoin)
      .to_stream([](const Windowed<Text>& key, const MaybeText&) { return window_text(key); })
      .to("closed");
  start(builder);

  pipe("a", "1", 1);
  pipe("a", "2", 5);
  commit();
  task().advance_stream_time(Timestamp(15));
  EXPECT_THAT(texts.take(), ElementsAre("a[1,5)=1,2@5"));
  task().advance_stream_time(Timestamp(16));
  EXPECT_THAT(texts.take(), ElementsAre("a[1,5)=1,2@5"));
  commit();
  restart();
  task().advance_stream_time(Timestamp(100));
  EXPECT_THAT(texts.take(), IsEmpty());
}

}  // namespace
}  // namespace millstream::testing
