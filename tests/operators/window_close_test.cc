// Emission when windows close: tumbling, sliding, sessions, and suppression.

#include "drive.h"

namespace millstream::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kJoin = [](const Text& aggregate, const Text& value) {
  return aggregate + "," + value;
};
constexpr auto kNameWindow = [](const Windowed<Text>& key, const MaybeText&) {
  return window_text(key);
};

KGroupedStream<Text, Text> grouped(StreamsBuilder& builder) {
  return builder.stream<Text, Text>("in").group_by_key();
}
TimeWindows tumbling() { return TimeWindows::of_size_and_grace(Duration(10), Duration(5)); }
SessionWindows sessions(std::int64_t grace) {
  return SessionWindows::of_inactivity_gap_and_grace(Duration(10), Duration(grace));
}

TEST(EmitOnWindowClose, LosesNoWindowWhenTimeJumpsPastTheRetention) {
  StreamsBuilder builder;
  grouped(builder)
      .windowed_by(tumbling())
      .emit_strategy(EmitStrategy::kOnWindowClose)
      .reduce(kJoin)
      .to_stream(kNameWindow)
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "1", 14);
  drive.pipe("a", "2", 15);
  EXPECT_THAT(drive.texts(), IsEmpty());
  drive.pipe("a", "3", 40);
  EXPECT_THAT(drive.texts(), ElementsAre("a[10,20)=1,2@15"));
  drive.pipe("b", "4", 1'000'000);
  EXPECT_THAT(drive.texts(), ElementsAre("a[40,50)=3@40"));
}

TEST(EmitOnWindowClose, EmitsEachSlidingWindowOnce) {
  StreamsBuilder builder;
  grouped(builder)
      .windowed_by(SlidingWindows::of_time_difference_with_no_grace(Duration(10)))
      .emit_strategy(EmitStrategy::kOnWindowClose)
      .reduce(kJoin)
      .to_stream(kNameWindow)
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "1", 20);
  drive.pipe("a", "2", 25);
  drive.pipe("a", "3", 500);
  EXPECT_THAT(drive.texts(), ElementsAre("a[10,20)=1@20", "a[15,25)=1,2@25", "a[21,31)=2@25"));
}

TEST(EmitOnWindowClose, LosesNoSession) {
  StreamsBuilder builder;
  grouped(builder)
      .windowed_by(sessions(0))
      .emit_strategy(EmitStrategy::kOnWindowClose)
      .reduce(kJoin, {.in_memory = true})
      .to_stream(kNameWindow)
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "1", 0);
  drive.pipe("a", "2", 8);
  drive.pipe("b", "3", 1'000'000);
  EXPECT_THAT(drive.texts(), ElementsAre("a[0,8)=1,2@8"));
}

TEST(Session, MergesAndRetractsWhatItMerged) {
  StreamsBuilder builder;
  grouped(builder).windowed_by(sessions(50)).reduce(kJoin).to_stream(kNameWindow).to("out");
  Drive drive(builder);

  drive.pipe("a", "1", 0);
  drive.pipe("a", "2", 20);
  drive.pipe("a", "3", 10);
  EXPECT_THAT(drive.texts(), ElementsAre("a[0,0)=1@0", "a[20,20)=2@20", "a[0,0)=null@0",
                                         "a[20,20)=null@20", "a[0,20)=1,2,3@20"));
}

TEST(SuppressUntilWindowCloses, FollowsTheTasksTimeBehindAFilter) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .filter([](const Text&, const Text& value) { return value != "filtered"; })
      .group_by_key()
      .windowed_by(sessions(0))
      .reduce(kJoin)
      .suppress(Suppressed::until_window_closes(BufferConfig::unbounded())
                    .following_task_time(Duration(5)))
      .to_stream(kNameWindow)
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "1", 0);
  drive.pipe("a", "2", 8);
  drive.pipe("b", "filtered", 14);
  EXPECT_THAT(drive.texts(), IsEmpty());
  drive.pipe("b", "filtered", 25);
  EXPECT_THAT(drive.texts(), ElementsAre("a[0,8)=1,2@8"));
  drive.pipe("a", "3", 30);
  drive.pipe("b", "filtered", 60);
  EXPECT_THAT(drive.texts(), ElementsAre("a[30,30)=3@30"));
}

TEST(SuppressUntilWindowCloses, EmitsOneResultAWindow) {
  StreamsBuilder builder;
  grouped(builder)
      .windowed_by(tumbling())
      .reduce(kJoin)
      .suppress(Suppressed::until_window_closes(BufferConfig::unbounded()))
      .to_stream(kNameWindow)
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "1", 1);
  drive.pipe("a", "2", 2);
  drive.pipe("b", "3", 12);
  EXPECT_THAT(drive.texts(), IsEmpty());
  drive.pipe("b", "4", 15);
  EXPECT_THAT(drive.texts(), ElementsAre("a[0,10)=1,2@2"));
}

TEST(SuppressUntilWindowCloses, NeedsAWindowedAggregationAbove) {
  StreamsBuilder builder;
  static_cast<void>(
      builder
          .table<Windowed<Text>, Text>("in",
                                       Consumed<std::optional<Windowed<Text>>, MaybeText>{
                                           .key_serde = TimeWindowedSerde<Text>{Duration(10)}})
          .suppress(Suppressed::until_window_closes(BufferConfig::unbounded())));
  const auto topology = builder.build();
  ASSERT_FALSE(topology);
  EXPECT_THAT(std::string(topology.error().message()),
              ::testing::HasSubstr("needs a windowed aggregation above"));
}

TEST(SuppressUntilTimeLimit, EmitsTheOldestWhenFull) {
  StreamsBuilder builder;
  builder.table<Text, Text>("in")
      .suppress(Suppressed::until_time_limit(Duration(100), BufferConfig::max_records(1)))
      .to_stream()
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "1", 1);
  drive.pipe("a", "2", 2);
  EXPECT_THAT(drive.texts(), IsEmpty());
  drive.pipe("b", "3", 3);
  EXPECT_THAT(drive.texts(), ElementsAre("a=2@2"));
  drive.pipe("b", std::nullopt, 200);
  EXPECT_THAT(drive.texts(), ElementsAre("b=null@200"));
}

TEST(SuppressUntilTimeLimit, StopsWhenFullIfToldSo) {
  StreamsBuilder builder;
  builder.table<Text, Text>("in")
      .suppress(Suppressed::until_time_limit(Duration(100),
                                             BufferConfig::max_bytes(120).shut_down_when_full()))
      .to_stream()
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "1", 1);
  EXPECT_THROW(drive.pipe("b", Text(100, 'x'), 2), StreamsError);
}

TEST(Cogroup, AggregatesStreamsOfDifferentTypesIntoOneTable) {
  StreamsBuilder builder;
  const auto words = builder.stream<Text, Text>("words").group_by_key();
  const auto numbers = builder.stream<Text, std::int64_t>("numbers").group_by_key();
  words.cogroup([](const Text&, const Text& word, const Text& sum) { return sum + word; })
      .cogroup(numbers, [](const Text&, std::int64_t number,
                           const Text& sum) { return sum + std::to_string(number); })
      .aggregate([] { return Text(); })
      .to_stream()
      .to("out");
  Drive drive(builder);
  auto number = drive.driver().create_input_topic<Text, std::int64_t>("numbers");

  drive.pipe_to("words", "k", "a", 1);
  number.pipe_input("k", 7, Timestamp(2));
  EXPECT_THAT(drive.texts(), ElementsAre("k=a@1", "k=a7@2"));
}

TEST(RecordCache, TellsTheLastOfSeveralUpdatesAtTheCommit) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .flat_map_values([](const Text& value) { return std::vector<Text>{value, value + "!"}; })
      .group_by_key()
      .reduce(kJoin)
      .to_stream()
      .to("out");
  Config config;
  config.set("statestore.cache.max.bytes", "1000000");
  Drive drive(builder, {.config = config});

  drive.pipe("a", "1", 1);
  drive.pipe("a", "2", 2);
  EXPECT_THAT(drive.texts(), ElementsAre("a=1,1!@1", "a=1,1!,2,2!@2"));
}

}  // namespace
}  // namespace millstream::testing
