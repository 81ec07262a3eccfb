// Tables: sources, filter, map_values, transform_values, group_by, and their way to streams.

#include <millstream/operators/value_transformer.h>
#include <millstream/state/key_value_store.h>
#include <millstream/state/timestamped_key_value_store.h>

#include "drive.h"

namespace millstream {
namespace {

using testing::Drive;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::MaybeText;
using testing::Text;
using Rows = TimestampedKeyValueStore<Text, Text>;

constexpr auto kNotNo = [](const Text&, const Text& value) { return value != "no"; };
constexpr auto kShout = [](const Text& value) { return value + "!"; };

/// A table of groups by value: the keys that have it, `+` as they come, `-` as they go.
template <class Table>
auto keys_by_value(const Table& table) {
  return table.group_by([](const Text& key, const Text& value) { return std::pair(value, key); })
      .aggregate([] { return Text(); },
                 [](const Text&, const Text& key, const Text& all) { return all + "+" + key; },
                 [](const Text&, const Text& key, const Text& all) { return all + "-" + key; });
}

TEST(TableSource, KeepsTheLastValueInArrivalOrder) {
  StreamsBuilder builder;
  builder.table<Text, Text>("in", Materialized{.name = "rows"}).to_stream().to("out");
  Drive drive(builder);

  drive.pipe("a", "new", 10);
  drive.pipe("a", "old but later", 3);

  EXPECT_THAT(drive.texts(), ElementsAre("a=new@10", "a=old but later@3"));
  EXPECT_EQ(drive.driver().state_store<Rows>("rows").get("a"),
            (ValueAndTimestamp<Text>{"old but later", Timestamp(3)}));
}

TEST(TableSource, DeletesByNullValuesAndDropsNullKeys) {
  StreamsBuilder builder;
  builder.table<Text, Text>("in", Materialized{.name = "rows"}).to_stream().to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 1);
  drive.pipe(std::nullopt, "lost", 2);
  drive.pipe("a", std::nullopt, 3);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x@1", "a=null@3"));
  EXPECT_EQ(drive.driver().state_store<Rows>("rows").get("a"), std::nullopt);
}

TEST(TableFilter, OfRowsThatAreNotKeptSendsATombstoneForEachThatFails) {
  StreamsBuilder builder;
  builder.table<Text, Text>("in").filter(kNotNo).to_stream().to("out");
  Drive drive(builder);

  drive.pipe("a", "no");

  EXPECT_THAT(drive.texts(), ElementsAre("a=null@0"));
}

TEST(TableFilter, OfKeptRowsSendsTombstonesOnlyForRowsThatPassedBefore) {
  StreamsBuilder builder;
  builder.table<Text, Text>("in", Materialized{.name = "rows"})
      .filter(kNotNo)
      .to_stream()
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "no", 1);
  drive.pipe("a", "yes", 2);
  drive.pipe("a", "no", 3);

  EXPECT_THAT(drive.texts(), ElementsAre("a=yes@2", "a=null@3"));
}

TEST(TableFilterNot, KeepsTheOthers) {
  StreamsBuilder builder;
  builder.table<Text, Text>("in", Materialized{.name = "rows"})
      .filter_not(kNotNo)
      .to_stream()
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "yes", 1);
  drive.pipe("a", "no", 2);

  EXPECT_THAT(drive.texts(), ElementsAre("a=no@2"));
}

TEST(TableMapValues, HandsTombstonesOnWithoutCallingTheMapper) {
  StreamsBuilder builder;
  builder.table<Text, Text>("in").map_values(kShout).to_stream().to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 1);
  drive.pipe("a", std::nullopt, 2);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x!@1", "a=null@2"));
}

TEST(TableMapValues, DeletesWhereTheMapperSaysNull) {
  StreamsBuilder builder;
  builder.table<Text, Text>("in")
      .map_values([](const Text& v) { return v == "no" ? MaybeText() : MaybeText(v); },
                  Materialized{.name = "mapped"})
      .to_stream()
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 1);
  drive.pipe("a", "no", 2);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x@1", "a=null@2"));
  EXPECT_EQ(drive.driver().state_store<Rows>("mapped").get("a"), std::nullopt);
}

TEST(TableGroupBy, SubtractsFromTheOldGroupThenAddsToTheNew) {
  StreamsBuilder builder;
  keys_by_value(builder.table<Text, Text>("in")).to_stream().to("out");
  Drive drive(builder);

  drive.pipe("a", "red", 1);
  drive.pipe("b", "red", 2);
  drive.pipe("a", "blue", 3);

  EXPECT_THAT(drive.texts(), ElementsAre("red=+a@1", "red=+a+b@2", "red=+a+b-a@3", "blue=+a@3"));
}

TEST(TableGroupBy, UpdatesAGroupOnceWhereItStaysTheSame) {
  StreamsBuilder builder;
  keys_by_value(builder.table<Text, Text>("in")).to_stream().to("out");
  Drive drive(builder);

  drive.pipe("a", "red", 1);
  drive.pipe("a", "red", 2);

  EXPECT_THAT(drive.texts(), ElementsAre("red=+a@1", "red=+a-a+a@2"));
}

TEST(TableGroupBy, CarriesTheGreatestTimestamp) {
  StreamsBuilder builder;
  keys_by_value(builder.table<Text, Text>("in")).to_stream().to("out");
  Drive drive(builder);

  drive.pipe("a", "red", 10);
  drive.pipe("b", "red", 4);

  EXPECT_THAT(drive.texts(), ElementsAre("red=+a@10", "red=+a+b@10"));
}

TEST(TableGroupBy, LeavesRowsWithNullGroupsOut) {
  StreamsBuilder builder;
  builder.table<Text, Text>("in")
      .group_by([](const Text& key, const Text& value) {
        return std::pair(value == "no" ? MaybeText() : MaybeText(value), MaybeText(key));
      })
      .count()
      .to_stream()
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "red", 1);
  drive.pipe("a", "no", 2);  // leaves red, joins no group

  EXPECT_THAT(drive.numbers(), ElementsAre("red=1@1", "red=0@2"));
}

/// Numbers the changes of each row, in a store.
class NumberChanges final : public ValueTransformer<Text, Text, Text> {
 public:
  using Counts = KeyValueStore<Text, std::int64_t>;
  void init(ProcessorContextBase& context) override {
    counts_.emplace(context.state_store<Counts>("changes"));
  }
  std::optional<Text> transform(const Text& key, const Text* value) override {
    const std::int64_t count = counts_->get(key).value_or(0) + 1;
    counts_->put(key, count);
    if (value == nullptr) return std::nullopt;
    return *value + "#" + std::to_string(count);
  }

 private:
  std::optional<Counts> counts_;
};

TEST(TableTransformValues, MakesRowsWithTheHelpOfAStore) {
  StreamsBuilder builder;
  builder.add_state_store({.name = "changes"});
  builder.table<Text, Text>("in")
      .transform_values([] { return std::make_unique<NumberChanges>(); }, "changes")
      .to_stream()
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 1);
  drive.pipe("a", "y", 2);
  drive.pipe("a", std::nullopt, 3);
  drive.pipe("b", "z", 4);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x#1@1", "a=y#2@2", "a=null@3", "b=z#1@4"));
}

TEST(TableToStream, MayChooseAnotherKey) {
  StreamsBuilder builder;
  builder.table<Text, Text>("in")
      .to_stream(
          [](const Text& key, const MaybeText& value) { return value.value_or("no ") + key; })
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 1);
  drive.pipe("a", std::nullopt, 2);

  EXPECT_THAT(drive.texts(), ElementsAre("xa=x@1", "no a=null@2"));
}

TEST(StreamToTable, TakesRecordsAsChanges) {
  StreamsBuilder builder;
  builder.stream<MaybeText, MaybeText>("in")
      .map_values([](const MaybeText& v) { return v; })
      .to_table({.name = "rows"})
      .to_stream()
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 1);
  drive.pipe(std::nullopt, "lost", 2);
  drive.pipe("b", "y", 3);
  drive.pipe("a", std::nullopt, 4);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x@1", "b=y@3", "a=null@4"));
  EXPECT_EQ(drive.driver().state_store<Rows>("rows").get("b")->value, "y");
}

TEST(Table, PutsOutNothingWithoutRecords) {
  StreamsBuilder builder;
  builder.table<Text, Text>("in").to_stream().to("out");
  Drive drive(builder);

  EXPECT_THAT(drive.texts(), IsEmpty());
}

}  // namespace
}  // namespace millstream
