// What the configuration does to a topology: optimisation, names, timestamps, caches, serdes.

#include <millstream/state/timestamped_key_value_store.h>

#include "drive.h"

#include <set>

namespace millstream::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Config setting(const Text& name, const Text& value) {
  Config config;
  config.set(name, value);
  return config;
}
Text faults_of(StreamsBuilder& builder, const Config& config = {}) {
  const auto topology = builder.build(config);
  return topology ? "" : Text(topology.error().message());
}
std::size_t times_in(const Text& part, const Text& text) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != Text::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

constexpr auto kFirst = [](const Text& first, const Text&) { return first; };

/// Two aggregations behind one change of the key.
void count_and_reduce(StreamsBuilder& builder) {
  const auto by_value = builder.stream<Text, Text>("in").select_key(
      [](const Text&, const Text& value) { return value; });
  by_value.group_by_key().count().to_stream().to("counts");
  by_value.group_by_key().reduce(kFirst).to_stream().to("out");
}

TEST(Optimisation, MergesTheRepartitionsBehindOneKeyChange) {
  for (const auto& [optimization, topics] : {std::pair("none", 2), std::pair("all", 1)}) {
    StreamsBuilder builder;
    count_and_reduce(builder);
    const auto topology = built(builder, setting("topology.optimization", optimization));
    std::set<Text> repartitions;
    for (const Subtopology& part : topology->subtopologies()) {
      for (const SourceTopic& source : part.sources) {
        if (source.internal) repartitions.insert(source.name);
      }
    }
    EXPECT_EQ(repartitions.size(), static_cast<std::size_t>(topics)) << optimization;
  }
}

TEST(Optimisation, ChangesNoResult) {
  for (const auto* optimization : {"none", "all"}) {
    StreamsBuilder builder;
    count_and_reduce(builder);
    Drive drive(builder, {.config = setting("topology.optimization", optimization)});

    drive.pipe("a", "x", 1);
    drive.pipe("b", "x", 2);

    EXPECT_THAT(drive.texts(), ElementsAre("x=x@1", "x=x@2")) << optimization;
    EXPECT_THAT(drive.numbers("counts"), ElementsAre("x=1@1", "x=2@2")) << optimization;
  }
}

TEST(Optimisation, TakesTheSourceTopicForATablesChangelog) {
  StreamsBuilder builder;
  static_cast<void>(builder.table<Text, Text>("in", Materialized<>{.name = "rows"}));
  const auto topology = built(builder, setting("topology.optimization", "all"));

  EXPECT_EQ(topology->subtopologies().front().stores.front().changelog_topic, "in");
}

TEST(Optimisation, KeepsOneStoreForAJoinWithItself) {
  StreamsBuilder builder;
  const auto in = builder.stream<Text, Text>("in");
  in.join(in, kFirst, JoinWindows::of_time_difference_with_no_grace(Duration(10))).to("out");
  const auto topology = built(builder, setting("topology.optimization", "all"));

  EXPECT_EQ(topology->subtopologies().front().stores.size(), 1U);
}

const Config& explicit_names() {
  static const Config config = setting("ensure.explicit.internal.resource.naming", "true");
  return config;
}

TEST(ExplicitNaming, RefusesGeneratedNamesOfTopicsAndStoresAllAtOnce) {
  StreamsBuilder builder;
  count_and_reduce(builder);
  builder.stream<Text, Text>("left")
      .join(builder.stream<Text, Text>("right"), kFirst,
            JoinWindows::of_time_difference_with_no_grace(Duration(10)))
      .to("joined");

  const Text faults = faults_of(builder, explicit_names());

  EXPECT_THAT(faults, HasSubstr("store and changelog topic KSTREAM-AGGREGATE-STATE-STORE-"));
  EXPECT_THAT(faults, HasSubstr("internal topic KSTREAM-AGGREGATE-STATE-STORE-"));
  EXPECT_THAT(faults, HasSubstr("KSTREAM-JOINTHIS-"));
  EXPECT_EQ(times_in("has a generated name", faults), 6U);
}

TEST(ExplicitNaming, IsContentWhereAllIsNamed) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .group_by([](const Text&, const Text& value) { return value; }, {.name = "by-value"})
      .count({.name = "counts"})
      .to_stream()
      .to("out");
  static_cast<void>(builder.table<Text, Text>("table"));  // keeps no rows: needs no name

  EXPECT_THAT(faults_of(builder, explicit_names()), IsEmpty());
}

TEST(ExplicitNaming, IsNotAskedForByDefault) {
  StreamsBuilder builder;
  count_and_reduce(builder);

  EXPECT_THAT(faults_of(builder), IsEmpty());
}

TEST(DefaultTimestampExtractor, IsForSourcesWithoutOneOfTheirOwn) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").to("out");
  builder
      .stream<Text, Text>(
          "own", Consumed<Text, Text>{.timestamp_extractor =
                                          [](const auto&, const auto&) { return Timestamp(42); }})
      .to("out");
  Drive drive(builder, {.config = setting("default.timestamp.extractor", "partition-time")});

  drive.pipe("a", "x", 7);
  drive.pipe("a", "y", -1);
  drive.pipe_to("own", "a", "z", -1);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x@7", "a=y@7", "a=z@42"));
}

TEST(DefaultTimestampExtractor, MaySkipRecordsOrTakeTheWallClock) {
  StreamsBuilder skipping;
  skipping.stream<Text, Text>("in").to("out");
  Drive skips(skipping, {.config = setting("default.timestamp.extractor", "log-and-skip")});
  StreamsBuilder clocked;
  clocked.stream<Text, Text>("in").to("out");
  Drive takes_clock(clocked, {.config = setting("default.timestamp.extractor", "wall-clock"),
                              .initial_wall_clock = Timestamp(1000)});

  skips.pipe("a", "x", -1);
  takes_clock.pipe("a", "x", 5);

  EXPECT_THAT(skips.texts(), IsEmpty());
  EXPECT_THAT(takes_clock.texts(), ElementsAre("a=x@1000"));
}

TEST(DefaultTimestampExtractor, IsNotForRepartitionTopics) {
  StreamsBuilder builder;
  builder
      .stream<Text, Text>(
          "in", Consumed<Text, Text>{.timestamp_extractor =
                                         [](const auto&, const auto&) { return Timestamp(42); }})
      .repartition()
      .to("out");
  Drive drive(builder, {.config = setting("default.timestamp.extractor", "wall-clock"),
                        .initial_wall_clock = Timestamp(1000)});

  drive.pipe("a", "x", 5);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x@42"));
}

TEST(DefaultTimestampExtractor, NamesWhatItKnowsWhereItIsMisspelt) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").to("out");

  try {
    Drive drive(builder, {.config = setting("default.timestamp.extractor", "wallclock")});
    FAIL() << "it was taken";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("none of fail, log-and-skip, partition-time, wall-clock"));
  }
}

TEST(Handlers, AreAlsoFoundByTheirOlderNames) {
  StreamsBuilder builder;
  builder.stream<Text, std::int64_t>("in").to("out");
  Drive drive(builder,
              {.config = setting("default.deserialization.exception.handler", "continue")});

  drive.pipe("a", "no integer");

  EXPECT_THAT(drive.numbers(), IsEmpty());
}

/// A reduction whose updates are cached until the commit, of two updates a record.
void reduce_twice(StreamsBuilder& builder, const Text& from, const Text& to) {
  builder.stream<Text, Text>(from)
      .flat_map_values([](const Text& value) { return std::vector<Text>{value, value + "!"}; })
      .group_by_key()
      .reduce([](const Text&, const Text& last) { return last; })
      .to_stream()
      .to(to);
}

TEST(RecordCache, IsOneRoomForAllCachesOfAThread) {
  StreamsBuilder builder;
  reduce_twice(builder, "in", "out");
  reduce_twice(builder, "in", "other");
  // Room for one row of a kilobyte, not for two.
  Drive drive(builder, {.config = setting("statestore.cache.max.bytes", "1500")});
  const Text kilobyte(1000, 'x');

  drive.pipe("a", kilobyte, 1);

  // The first cache holds its row until the commit; the second finds the room taken.
  EXPECT_EQ(drive.texts("out").size(), 1U);
  EXPECT_EQ(drive.texts("other").size(), 2U);
}

/// A value without a default serde.
struct Order {
  Text id;
};
struct OrderSerde {
  Status serialize(const Order& order, std::string& out) const {
    out += order.id;
    return {};
  }
  Status deserialize(std::string_view bytes, Order& order) const {
    order.id = bytes;
    return {};
  }
};

TEST(Serdes, AreNeededOnlyWhereBytesAre) {
  StreamsBuilder builder;
  const auto names = builder.table<Text, Text>("names");
  const auto orders =
      builder.stream<Text, Text>("in").map_values([](const Text& id) { return Order{id}; });
  orders.group_by_key().count().to_stream().to("counts");
  orders.join(names, [](const Order& order, const Text& name) { return order.id + name; })
      .to("out");
  Drive drive(builder);

  drive.pipe_to("names", "a", "+name");
  drive.pipe("a", "1");

  EXPECT_THAT(drive.numbers("counts"), ElementsAre("a=1@0"));
  EXPECT_THAT(drive.texts(), ElementsAre("a=1+name@0"));
}

TEST(Serdes, AreMissedByBuildWhereAChangedKeyNeedsThem) {
  StreamsBuilder builder;
  static_cast<void>(builder.stream<Text, Text>("in")
                        .map([](const Text& k, const Text& v) { return std::pair(k, Order{v}); })
                        .group_by_key()
                        .count());

  const Text faults = faults_of(builder);

  EXPECT_THAT(faults, HasSubstr("grouping needs a serde for its value type"));
  EXPECT_THAT(faults, HasSubstr("Order"));
}

TEST(Serdes, GivenToATableAreThoseOfItsStore) {
  StreamsBuilder builder;
  builder
      .table<Text, Order>("in",
                          Consumed<MaybeText, std::optional<Order>>{.value_serde = OrderSerde{}})
      .map_values([](const Order& order) { return order.id; })
      .to_stream()
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "1");

  EXPECT_THAT(drive.texts(), ElementsAre("a=1@0"));
}

}  // namespace
}  // namespace millstream::testing
