// Cogroup: several streams aggregated into one table, each by a function of its own.

#include "drive.h"

namespace millstream::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// An aggregator that writes what it adds behind a letter.
auto add(Text letter) {
  return [letter = std::move(letter)](const Text&, const Text& value, const Text& all) {
    return all + letter + value;
  };
}
constexpr auto kEmpty = [] { return Text(); };
constexpr auto kNameWindow = [](const Windowed<Text>& key, const MaybeText&) {
  return window_text(key);
};

/// The texts of topics `a` and `b`, cogrouped by key.
auto cogrouped(StreamsBuilder& builder) {
  const auto a = builder.stream<Text, Text>("a").group_by_key();
  const auto b = builder.stream<Text, Text>("b").group_by_key();
  return a.cogroup(add("a")).cogroup(b, add("b"));
}

TEST(Cogroup, AddsEachStreamByItsOwnAggregator) {
  StreamsBuilder builder;
  cogrouped(builder).aggregate(kEmpty).to_stream().to("out");
  Drive drive(builder);

  drive.pipe_to("a", "k", "1", 10);
  drive.pipe_to("b", "k", "2", 5);
  drive.pipe_to("b", "other", "3", 6);

  EXPECT_THAT(drive.texts(), ElementsAre("k=a1@10", "k=a1b2@10", "other=b3@6"));
}

TEST(Cogroup, BeginsAgainAfterANullResultOfAnyStream) {
  StreamsBuilder builder;
  const auto adding = builder.stream<Text, Text>("a").group_by_key();
  const auto deleting = builder.stream<Text, Text>("b").group_by_key();
  adding.cogroup(add("a"))
      .cogroup(deleting, [](const Text&, const Text&, const Text&) { return MaybeText(); })
      .aggregate(kEmpty)
      .to_stream()
      .to("out");
  Drive drive(builder);

  drive.pipe_to("a", "k", "1", 1);
  drive.pipe_to("b", "k", "", 2);
  drive.pipe_to("a", "k", "2", 3);

  EXPECT_THAT(drive.texts(), ElementsAre("k=a1@1", "k=null@2", "k=a2@3"));
}

TEST(Cogroup, RepartitionsTheStreamsWhoseKeysChanged) {
  StreamsBuilder builder;
  const auto a = builder.stream<Text, Text>("a").group_by_key();
  const auto b = builder.stream<Text, Text>("b").group_by(
      [](const Text&, const Text& value) { return value; }, {.name = "by-value"});
  a.cogroup(add("a")).cogroup(b, add("b")).aggregate(kEmpty).to_stream().to("out");
  Drive drive(builder);

  drive.pipe_to("a", "k", "1", 1);
  drive.pipe_to("b", "anything", "k", 2);

  EXPECT_THAT(drive.texts(), ElementsAre("k=a1@1", "k=a1bk@2"));
  EXPECT_THAT(drive.texts("topology-test-driver-by-value-repartition"), ElementsAre("k=k@2"));
}

TEST(WindowedCogroup, KeepsOneAggregateAWindowWithATimeOfEachStream) {
  StreamsBuilder builder;
  cogrouped(builder)
      .windowed_by(TimeWindows::of_size_and_grace(Duration(10), Duration(5)))
      .aggregate(kEmpty)
      .to_stream(kNameWindow)
      .to("out");
  Drive drive(builder);

  drive.pipe_to("a", "k", "1", 1);
  drive.pipe_to("b", "k", "2", 9);
  drive.pipe_to("b", "k", "3", 12);
  drive.pipe_to("a", "k", "4", 25);
  drive.pipe_to("a", "k", "late", 11);
  drive.pipe_to("b", "k", "not late for b", 11);

  EXPECT_THAT(drive.texts(), ElementsAre("k[0,10)=a1@1", "k[0,10)=a1b2@9", "k[10,20)=b3@12",
                                         "k[20,30)=a4@25", "k[10,20)=b3bnot late for b@12"));
}

TEST(WindowedCogroup, TakesSlidingWindows) {
  StreamsBuilder builder;
  cogrouped(builder)
      .windowed_by(SlidingWindows::of_time_difference_with_no_grace(Duration(10)))
      .aggregate(kEmpty)
      .to_stream(kNameWindow)
      .to("out");
  Drive drive(builder);

  drive.pipe_to("a", "k", "1", 20);
  drive.pipe_to("b", "k", "2", 25);

  EXPECT_THAT(drive.texts(), ElementsAre("k[10,20)=a1@20", "k[21,31)=b2@25", "k[15,25)=a1b2@25"));
}

TEST(SessionCogroup, MergesTheSessionsThatARecordOfAnyStreamJoins) {
  StreamsBuilder builder;
  cogrouped(builder)
      .windowed_by(SessionWindows::of_inactivity_gap_and_grace(Duration(10), Duration(100)))
      .aggregate(kEmpty, [](const Text&, const Text& one,
                            const Text& other) { return one + "(" + other + ")"; })
      .to_stream(kNameWindow)
      .to("out");
  Drive drive(builder);

  drive.pipe_to("a", "k", "1", 0);
  drive.pipe_to("b", "k", "2", 20);
  drive.pipe_to("a", "k", "3", 10);

  EXPECT_THAT(drive.texts(), ElementsAre("k[0,0)=a1@0", "k[20,20)=b2@20", "k[0,0)=null@0",
                                         "k[20,20)=null@20", "k[0,20)=(a1)(b2)a3@20"));
}

TEST(Cogroup, NamesItsStoreAndItsNodes) {
  StreamsBuilder builder;
  static_cast<void>(
      cogrouped(builder).aggregate(kEmpty, Named{"together"}, Materialized<>{.name = "all"}));

  EXPECT_THAT(built(builder)->describe(), HasSubstr("together-cogroup-agg-0 (stores: [all])"));
}

}  // namespace
}  // namespace millstream::testing
