// Joins of two streams: which records meet, when, and with which timestamp.

#include "drive.h"

namespace millstream::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kPair = [](const Text& left, const Text& right) { return left + "+" + right; };
constexpr auto kPairLeft = [](const Text& left, const MaybeText& right) {
  return left + "+" + right.value_or("none");
};
constexpr auto kPairOuter = [](const MaybeText& left, const MaybeText& right) {
  return left.value_or("none") + "+" + right.value_or("none");
};

/// 10 ms to either side, and no grace.
JoinWindows tens() { return JoinWindows::of_time_difference_with_no_grace(Duration(10)); }

KStream<Text, Text> left(StreamsBuilder& builder) { return builder.stream<Text, Text>("left"); }
KStream<Text, Text> right(StreamsBuilder& builder) { return builder.stream<Text, Text>("right"); }

TEST(StreamJoin, PairsRecordsOfOneKeyWhoseTimesAreNear) {
  StreamsBuilder builder;
  left(builder).join(right(builder), kPair, tens()).to("out");
  Drive drive(builder);

  drive.pipe_to("left", "a", "l1", 100);
  drive.pipe_to("right", "a", "far", 111);
  drive.pipe_to("right", "b", "other", 100);
  drive.pipe_to("right", "a", "r1", 110);
  drive.pipe_to("right", "a", "r2", 90);

  EXPECT_THAT(drive.texts(), ElementsAre("a=l1+r1@110", "a=l1+r2@100"));
}

TEST(StreamJoin, PutsOutAllPairsByTheTimeOfTheOtherSide) {
  StreamsBuilder builder;
  left(builder).join(right(builder), kPair, tens()).to("out");
  Drive drive(builder);

  drive.pipe_to("left", "a", "l2", 5);
  drive.pipe_to("left", "a", "l1", 3);
  drive.pipe_to("left", "a", "l2 again", 5);
  drive.pipe_to("right", "a", "r", 4);

  EXPECT_THAT(drive.texts(), ElementsAre("a=l1+r@4", "a=l2+r@5", "a=l2 again+r@5"));
}

TEST(StreamJoin, MayLookFurtherAheadThanBack) {
  StreamsBuilder builder;
  left(builder)
      .join(right(builder), kPair, tens().before(Duration(0)).after(Duration(20)))
      .to("out");
  Drive drive(builder);

  drive.pipe_to("left", "a", "l", 100);
  drive.pipe_to("right", "a", "before", 99);
  drive.pipe_to("right", "a", "after", 120);

  EXPECT_THAT(drive.texts(), ElementsAre("a=l+after@120"));
}

TEST(StreamJoin, GivesTheJoinerTheKeyIfItWantsIt) {
  StreamsBuilder builder;
  left(builder)
      .join(
          right(builder),
          [](const Text& key, const Text& l, const Text& r) { return key + ":" + l + r; }, tens())
      .to("out");
  Drive drive(builder);

  drive.pipe_to("left", "a", "l", 1);
  drive.pipe_to("right", "a", "r", 2);

  EXPECT_THAT(drive.texts(), ElementsAre("a=a:lr@2"));
}

TEST(StreamJoin, DropsNullKeysAndNullValues) {
  StreamsBuilder builder;
  const auto l = builder.stream<MaybeText, MaybeText>("left");
  const auto r = builder.stream<MaybeText, MaybeText>("right");
  l.join(r, kPair, tens()).to("out");
  Drive drive(builder);

  drive.pipe_to("left", std::nullopt, "l", 1);
  drive.pipe_to("left", "a", std::nullopt, 1);
  drive.pipe_to("right", "a", "r", 1);
  drive.pipe_to("right", std::nullopt, "r", 1);

  EXPECT_THAT(drive.texts(), IsEmpty());
}

TEST(StreamJoin, MissesPartnersOlderThanTheWindowsAndTheGrace) {
  StreamsBuilder builder;
  left(builder).join(right(builder), kPair, tens()).to("out");
  Drive drive(builder);

  drive.pipe_to("left", "a", "l", 100);
  drive.pipe_to("left", "b", "moves the time on", 1000);
  drive.pipe_to("right", "a", "r", 100);

  EXPECT_THAT(drive.texts(), IsEmpty());
}

TEST(StreamJoin, RepartitionsWhereAKeyChanged) {
  StreamsBuilder builder;
  left(builder)
      .select_key([](const Text&, const Text& value) { return value; })
      .join(right(builder), kPair, tens(), {.name = "by-value"})
      .to("out");
  const auto topology = built(builder);

  EXPECT_THAT(topology->describe(), HasSubstr("by-value-left-repartition"));
  EXPECT_THAT(topology->describe(), ::testing::Not(HasSubstr("by-value-right-repartition")));
}

TEST(StreamJoin, RefusesWindowsThatEndBeforeTheyBegin) {
  StreamsBuilder builder;
  left(builder).join(right(builder), kPair, tens().before(Duration(-20))).to("out");

  const auto topology = builder.build();

  ASSERT_FALSE(topology);
  EXPECT_THAT(std::string(topology.error().message()), HasSubstr("can't end before it starts"));
}

TEST(StreamJoin, WithItselfJoinsARecordWithItselfAndItsNeighbours) {
  for (const auto* optimization : {"none", "single.store.self.join"}) {
    StreamsBuilder builder;
    Config config;
    config.set("topology.optimization", optimization);
    const auto in = builder.stream<Text, Text>("in");
    in.join(in, kPair, tens()).to("out");
    Drive drive(builder, {.config = config});

    drive.pipe("a", "1", 1);
    drive.pipe("a", "2", 2);

    EXPECT_THAT(drive.texts(), ElementsAre("a=1+1@1", "a=2+1@2", "a=1+2@2", "a=2+2@2"))
        << optimization;
  }
}

// An oddity of Kafka Streams that is kept: without its one store the join would find it.
TEST(StreamJoin, WithItselfDoesNotFindARecordAtTheEdgeOfItsRetention) {
  StreamsBuilder builder;
  const auto in = builder.stream<Text, Text>("in");
  in.join(in, kPair, tens().before(Duration(5)).after(Duration(3))).to("out");
  Drive drive(builder, {.config = Config{{"topology.optimization", "all"}}});

  drive.pipe("a", "1", 8);
  drive.pipe("b", "at the edge", 1);
  drive.pipe("c", "inside", 2);

  EXPECT_THAT(drive.texts(), ElementsAre("a=1+1@8", "c=inside+inside@2"));
}

TEST(StreamLeftJoin, PutsOutALonelyRecordWhenItsWindowHasClosed) {
  StreamsBuilder builder;
  left(builder).left_join(right(builder), kPairLeft, tens()).to("out");
  Drive drive(builder);

  drive.pipe_to("left", "a", "l", 100);
  drive.pipe_to("right", "b", "r", 110);
  EXPECT_THAT(drive.texts(), IsEmpty());
  drive.pipe_to("right", "b", "r", 111);

  EXPECT_THAT(drive.texts(), ElementsAre("a=l+none@100"));
}

TEST(StreamLeftJoin, WaitsForTheGraceToPass) {
  StreamsBuilder builder;
  left(builder)
      .left_join(right(builder), kPairLeft,
                 JoinWindows::of_time_difference_and_grace(Duration(10), Duration(5)))
      .to("out");
  Drive drive(builder);

  drive.pipe_to("left", "a", "l", 100);
  drive.pipe_to("right", "b", "r", 115);
  drive.pipe_to("right", "a", "late, but not too late", 105);
  drive.pipe_to("right", "b", "r", 500);

  EXPECT_THAT(drive.texts(), ElementsAre("a=l+late, but not too late@105"));
}

TEST(StreamLeftJoin, HasNothingToSayOfALonelyRightRecord) {
  StreamsBuilder builder;
  left(builder).left_join(right(builder), kPairLeft, tens()).to("out");
  Drive drive(builder);

  drive.pipe_to("right", "a", "r", 100);
  drive.pipe_to("right", "a", "r", 500);

  EXPECT_THAT(drive.texts(), IsEmpty());
}

TEST(StreamLeftJoin, PutsNullKeysOutAtOnce) {
  StreamsBuilder builder;
  const auto l = builder.stream<MaybeText, Text>("left");
  const auto r = builder.stream<MaybeText, Text>("right");
  l.left_join(r, kPairLeft, tens()).to("out");
  Drive drive(builder);

  drive.pipe_to("left", std::nullopt, "l", 1);
  drive.pipe_to("right", std::nullopt, "r", 1);

  EXPECT_THAT(drive.texts(), ElementsAre("null=l+none@1"));
}

// An oddity of Kafka Streams that is kept: both results appear.
TEST(StreamLeftJoin, PutsARecordThatIsOldAlreadyOutAtOnceAndMayStillJoinIt) {
  StreamsBuilder builder;
  left(builder)
      .left_join(right(builder), kPairLeft,
                 JoinWindows::of_time_difference_and_grace(Duration(10), Duration(100)))
      .to("out");
  Drive drive(builder);

  drive.pipe_to("right", "b", "moves the time on", 150);
  drive.pipe_to("left", "a", "l", 100);
  drive.pipe_to("right", "a", "r", 100);

  EXPECT_THAT(drive.texts(), ElementsAre("a=l+none@100", "a=l+r@100"));
}

TEST(StreamOuterJoin, PutsOutLonelyRecordsOfBothSidesByTimeTheRightOneFirst) {
  StreamsBuilder builder;
  left(builder).outer_join(right(builder), kPairOuter, tens()).to("out");
  Drive drive(builder);

  drive.pipe_to("left", "a", "l", 100);
  drive.pipe_to("right", "b", "r", 100);
  drive.pipe_to("left", "c", "l", 99);
  drive.pipe_to("left", "d", "moves the time on", 200);

  EXPECT_THAT(drive.texts(), ElementsAre("c=l+none@99", "b=none+r@100", "a=l+none@100"));
}

// Kafka Streams looks no further than the second value of a place once both sides are open, and
// remembers where it stopped: when lonely records come depends on it.
TEST(StreamOuterJoin, GoesOnWhereItStoppedLooking) {
  StreamsBuilder builder;
  left(builder).outer_join(right(builder), kPairOuter, tens()).to("out");
  Drive drive(builder);

  drive.pipe_to("left", "z", "l", 95);
  drive.pipe_to("right", "b", "r", 100);
  drive.pipe_to("left", "a", "1", 100);
  drive.pipe_to("left", "a", "2", 100);
  drive.pipe_to("left", "d", "l", 104);
  drive.pipe_to("left", "e", "closes z, stops at the second a", 106);
  EXPECT_THAT(drive.texts(), ElementsAre("z=l+none@95"));
  drive.pipe_to("left", "f", "closes a and b", 111);

  EXPECT_THAT(drive.texts(), ElementsAre("b=none+r@100", "a=1+none@100", "a=2+none@100"));
}

TEST(StreamOuterJoin, PutsOutNoRecordThatFoundAPartner) {
  StreamsBuilder builder;
  left(builder).outer_join(right(builder), kPairOuter, tens()).to("out");
  Drive drive(builder);

  drive.pipe_to("left", "a", "l", 100);
  drive.pipe_to("right", "a", "r", 105);
  drive.pipe_to("left", "d", "moves the time on", 200);

  EXPECT_THAT(drive.texts(), ElementsAre("a=l+r@105"));
}

TEST(StreamOuterJoin, PutsTheLastLonelyRecordsOutAtTheEndOfTheInput) {
  StreamsBuilder builder;
  left(builder).outer_join(right(builder), kPairOuter, tens()).to("out");
  Drive drive(builder);

  drive.pipe_to("left", "a", "l", 100);
  drive.driver().advance_stream_time(Timestamp(111));

  EXPECT_THAT(drive.texts(), ElementsAre("a=l+none@100"));
}

}  // namespace
}  // namespace millstream::testing
