// Joins of tables: by the same key, and by a foreign key.

#include <millstream/state/timestamped_key_value_store.h>
#include <millstream/state/versioned_key_value_store.h>

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

KTable<Text, Text> left(StreamsBuilder& builder) { return builder.table<Text, Text>("left"); }
KTable<Text, Text> right(StreamsBuilder& builder) { return builder.table<Text, Text>("right"); }

TEST(TableJoin, HasARowWhereBothTablesHaveOne) {
  StreamsBuilder builder;
  left(builder).join(right(builder), kPair).to_stream().to("out");
  Drive drive(builder);

  drive.pipe_to("left", "a", "l1", 10);
  drive.pipe_to("right", "a", "r1", 5);
  drive.pipe_to("left", "a", "l2", 7);
  drive.pipe_to("right", "a", std::nullopt, 20);
  drive.pipe_to("left", "a", "l3", 21);

  // The time is the greater of both rows', also of a deletion.
  EXPECT_THAT(drive.texts(), ElementsAre("a=l1+r1@10", "a=l2+r1@7", "a=null@20"));
}

// An oddity of Kafka Streams that is kept; its record cache would swallow the tombstone.
TEST(TableJoin, SendsATombstoneForARowThatNeverWasIfTheOtherSideHasOne) {
  StreamsBuilder builder;
  left(builder).join(right(builder), kPair).to_stream().to("out");
  Drive drive(builder, {.config = Config{{"statestore.cache.max.bytes", "0"}}});

  drive.pipe_to("left", "a", std::nullopt, 1);
  drive.pipe_to("right", "a", "r", 2);
  drive.pipe_to("left", "a", std::nullopt, 3);

  EXPECT_THAT(drive.texts(), ElementsAre("a=null@3"));
}

TEST(TableLeftJoin, HasARowForEachRowOfTheLeft) {
  StreamsBuilder builder;
  left(builder).left_join(right(builder), kPairLeft).to_stream().to("out");
  Drive drive(builder);

  drive.pipe_to("right", "b", "nobody asks", 1);
  drive.pipe_to("left", "a", "l", 2);
  drive.pipe_to("right", "a", "r", 3);
  drive.pipe_to("right", "a", std::nullopt, 4);
  drive.pipe_to("left", "a", std::nullopt, 5);

  EXPECT_THAT(drive.texts(), ElementsAre("a=l+none@2", "a=l+r@3", "a=l+none@4", "a=null@5"));
}

TEST(TableOuterJoin, HasARowForEachRowOfEither) {
  StreamsBuilder builder;
  left(builder).outer_join(right(builder), kPairOuter).to_stream().to("out");
  Drive drive(builder);

  drive.pipe_to("right", "a", "r", 1);
  drive.pipe_to("left", "a", "l", 2);
  drive.pipe_to("right", "a", std::nullopt, 3);
  drive.pipe_to("left", "a", std::nullopt, 4);
  drive.pipe_to("left", "a", std::nullopt, 5);

  EXPECT_THAT(drive.texts(), ElementsAre("a=none+r@1", "a=l+r@2", "a=l+none@3", "a=null@4"));
}

TEST(TableJoin, IsReadableWhereItIsNamed) {
  using Rows = TimestampedKeyValueStore<Text, Text>;
  StreamsBuilder builder;
  static_cast<void>(left(builder).join(right(builder), kPair, Materialized<>{.name = "joined"}));
  Drive drive(builder);

  drive.pipe_to("left", "a", "l", 1);
  drive.pipe_to("right", "a", "r", 2);

  EXPECT_EQ(drive.driver().state_store<Rows>("joined").get("a"),
            (ValueAndTimestamp<Text>{"l+r", Timestamp(2)}));
}

TEST(TableJoin, DeletesWhereTheJoinerSaysNull) {
  StreamsBuilder builder;
  left(builder)
      .join(right(builder), [](const Text& l, const Text& r) { return l == r ? l : MaybeText(); })
      .to_stream()
      .to("out");
  Drive drive(builder);

  drive.pipe_to("left", "a", "same", 1);
  drive.pipe_to("right", "a", "same", 2);
  drive.pipe_to("right", "a", "other", 3);

  EXPECT_THAT(drive.texts(), ElementsAre("a=same@2", "a=null@3"));
}

TEST(TableJoin, OfVersionedTablesPassesOverWhatIsNotTheLatest) {
  StreamsBuilder builder;
  const auto l = builder.table<Text, Text>("left", {.name = "l", .history = Duration(100)});
  const auto r = builder.table<Text, Text>("right", {.name = "r", .history = Duration(100)});
  l.join(r, kPair).to_stream().to("out");
  Drive drive(builder);

  drive.pipe_to("left", "a", "l10", 10);
  drive.pipe_to("right", "a", "r10", 10);
  drive.pipe_to("left", "a", "late", 5);

  EXPECT_THAT(drive.texts(), ElementsAre("a=l10+r10@10"));
}

TEST(VersionedTable, TakesLateUpdatesIntoItsHistoryAndDropsThoseBeyondIt) {
  StreamsBuilder builder;
  builder.table<Text, Text>("in", {.name = "versions", .history = Duration(100)})
      .to_stream()
      .to("out");
  Drive drive(builder);
  using Versions = VersionedKeyValueStore<Text, Text>;

  drive.pipe("a", "of 200", 200);
  drive.pipe("a", "of 150", 150);
  drive.pipe("a", "of 99", 99);

  auto versions = drive.driver().state_store<Versions>("versions");
  EXPECT_EQ(versions.get("a")->value, "of 200");
  EXPECT_EQ(versions.get("a", Timestamp(199))->value, "of 150");
  EXPECT_FALSE(versions.get("a", Timestamp(149)));
  EXPECT_THAT(drive.texts(), ElementsAre("a=of 200@200", "a=of 150@150"));
}

/// Orders name the customer that they belong to: "customer/what".
constexpr auto kCustomer = [](const Text& order) { return order.substr(0, order.find('/')); };

KTable<Text, Text> orders(StreamsBuilder& builder) { return builder.table<Text, Text>("orders"); }
KTable<Text, Text> customers(StreamsBuilder& builder) {
  return builder.table<Text, Text>("customers");
}

TEST(ForeignKeyJoin, JoinsARowWithTheRowItNames) {
  StreamsBuilder builder;
  orders(builder).join(customers(builder), kCustomer, kPair).to_stream().to("out");
  Drive drive(builder);

  drive.pipe_to("customers", "eva", "Eva", 1);
  drive.pipe_to("orders", "1", "eva/tea", 2);
  drive.pipe_to("orders", "2", "max/tea", 3);

  EXPECT_THAT(drive.texts(), ElementsAre("1=eva/tea+Eva@2"));
}

TEST(ForeignKeyJoin, TellsAChangeOfTheForeignRowToAllWhoNameItWithItsTimeAlone) {
  StreamsBuilder builder;
  orders(builder).join(customers(builder), kCustomer, kPair).to_stream().to("out");
  Drive drive(builder);

  drive.pipe_to("orders", "2", "eva/milk", 20);
  drive.pipe_to("orders", "1", "eva/tea", 10);
  drive.pipe_to("customers", "eva", "Eva", 5);
  drive.pipe_to("customers", "eva", std::nullopt, 30);

  EXPECT_THAT(drive.texts(),
              ElementsAre("1=eva/tea+Eva@5", "2=eva/milk+Eva@5", "1=null@30", "2=null@30"));
}

TEST(ForeignKeyJoin, FollowsARowThatNamesAnother) {
  StreamsBuilder builder;
  orders(builder).join(customers(builder), kCustomer, kPair).to_stream().to("out");
  Drive drive(builder);

  drive.pipe_to("customers", "eva", "Eva", 1);
  drive.pipe_to("customers", "max", "Max", 1);
  drive.pipe_to("orders", "1", "eva/tea", 2);
  drive.pipe_to("orders", "1", "max/tea", 3);
  drive.pipe_to("customers", "eva", "Eva B.", 4);  // nobody names her now
  drive.pipe_to("orders", "1", "nobody/tea", 5);
  drive.pipe_to("orders", "1", std::nullopt, 6);

  EXPECT_THAT(drive.texts(),
              ElementsAre("1=eva/tea+Eva@2", "1=max/tea+Max@3", "1=null@5", "1=null@6"));
}

TEST(ForeignKeyLeftJoin, HasARowForEachRowOfTheLeft) {
  StreamsBuilder builder;
  orders(builder).left_join(customers(builder), kCustomer, kPairLeft).to_stream().to("out");
  Drive drive(builder);

  drive.pipe_to("orders", "1", "eva/tea", 1);
  drive.pipe_to("customers", "eva", "Eva", 2);
  drive.pipe_to("customers", "eva", std::nullopt, 3);
  drive.pipe_to("orders", "1", std::nullopt, 4);

  EXPECT_THAT(drive.texts(),
              ElementsAre("1=eva/tea+none@1", "1=eva/tea+Eva@2", "1=eva/tea+none@3", "1=null@4"));
}

TEST(ForeignKeyJoin, LeavesRowsThatNameNobodyOut) {
  StreamsBuilder builder;
  orders(builder)
      .join(
          customers(builder), [](const Text& order) { return order.empty() ? MaybeText() : order; },
          kPair)
      .to_stream()
      .to("out");
  Drive drive(builder);

  drive.pipe_to("customers", "", "empty", 1);
  drive.pipe_to("orders", "1", "", 2);

  EXPECT_THAT(drive.texts(), IsEmpty());
}

TEST(ForeignKeyJoin, IsNamedAsTold) {
  StreamsBuilder builder;
  static_cast<void>(orders(builder).join(customers(builder), kCustomer, kPair,
                                         TableJoined{.name = "order-customer"},
                                         {.name = "orders-with-customers"}));
  const auto topology = built(builder);

  EXPECT_THAT(topology->describe(), HasSubstr("order-customer-subscription-registration-topic"));
  EXPECT_THAT(topology->describe(), HasSubstr("orders-with-customers"));
}

}  // namespace
}  // namespace millstream::testing
