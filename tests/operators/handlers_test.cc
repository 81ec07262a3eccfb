// Exception handlers: what becomes of records that can't be read or processed, and dead letters.

#include <millstream/topology/errors.h>

#include <stdexcept>

#include "drive.h"

namespace millstream {
namespace {

using testing::Drive;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MaybeText;
using testing::Text;

Config setting(const std::string& name, const std::string& value) {
  Config config;
  config.set(name, value);
  return config;
}

Config dead_letters_for(const std::string& handler) {
  Config config = setting(handler, "dead-letter");
  config.set("errors.dead.letter.queue.topic.name", "dead");
  return config;
}

/// A header's value; nothing where there is none.
MaybeText header(const RawTestRecord& record, std::string_view name) {
  const Header* found = record.headers.last(name);
  return found == nullptr ? std::nullopt : found->value;
}

/// Values that are no 8-byte integers can't be read.
void copy_numbers(StreamsBuilder& builder) { builder.stream<Text, std::int64_t>("in").to("out"); }

/// Doubles each value, then throws at "bad".
void double_and_check(StreamsBuilder& builder) {
  builder.stream<Text, Text>("in")
      .flat_map_values([](const Text& v) { return std::vector<Text>{v, v + v}; })
      .filter([](const Text&, const Text& v) {
        if (v == "bad") throw std::runtime_error("it is bad");
        return true;
      })
      .to("out");
}

/// The integer 1 in bytes.
Text one() { return {"\0\0\0\0\0\0\0\1", 8}; }

TEST(DeserializationHandler, FailsUnlessToldOtherwise) {
  StreamsBuilder builder;
  copy_numbers(builder);
  Drive drive(builder);

  EXPECT_THROW(drive.pipe("a", "short"), StreamsError);
}

TEST(DeserializationHandler, ContinuePassesOverTheRecord) {
  StreamsBuilder builder;
  copy_numbers(builder);
  Drive drive(builder, {.config = setting("deserialization.exception.handler", "continue")});

  drive.pipe("a", "short", 99);
  drive.pipe("a", one(), 5);

  EXPECT_THAT(drive.numbers(), ElementsAre("a=1@5"));
}

TEST(DeserializationHandler, TakesANullThatTheTypeCanNotSay) {
  StreamsBuilder builder;
  copy_numbers(builder);
  Drive drive(builder, {.config = setting("deserialization.exception.handler", "continue")});

  drive.pipe("a", std::nullopt);
  drive.pipe(std::nullopt, one());

  EXPECT_THAT(drive.numbers(), IsEmpty());
}

TEST(DeserializationHandler, PassedOverRecordsDoNotAdvanceStreamTime) {
  StreamsBuilder builder;
  builder.stream<Text, std::int64_t>("in")
      .group_by_key()
      .windowed_by(TimeWindows::of_size_with_no_grace(Duration(10)))
      .count()
      .to_stream([](const auto& key, const auto&) { return testing::window_text(key); })
      .to("out");
  Drive drive(builder, {.config = setting("deserialization.exception.handler", "continue")});

  drive.pipe("a", "short", 1000);
  drive.pipe("a", one(), 5);

  EXPECT_THAT(drive.numbers(), ElementsAre("a[0,10)=1@5"));
}

TEST(DeserializationHandler, DeadLetterKeepsTheBytesAndSaysWhatWhereAndWhy) {
  StreamsBuilder builder;
  copy_numbers(builder);
  Drive drive(builder, {.config = dead_letters_for("deserialization.exception.handler")});

  drive.pipe("a", one(), 5);
  drive.pipe("a", "short", 7);

  const auto letter = drive.driver().read_raw("dead");
  ASSERT_TRUE(letter.has_value());
  EXPECT_EQ(letter->key, "a");
  EXPECT_EQ(letter->value, "short");
  EXPECT_EQ(letter->timestamp, Timestamp(7));
  EXPECT_EQ(header(*letter, "__streams.errors.topic"), "in");
  EXPECT_EQ(header(*letter, "__streams.errors.offset"), "1");
  EXPECT_EQ(header(*letter, "__streams.errors.reason"), "deserialization");
  EXPECT_THAT(header(*letter, "__streams.errors.message").value_or(""), HasSubstr("value"));
}

TEST(ProcessingHandler, FailsUnlessToldOtherwise) {
  StreamsBuilder builder;
  double_and_check(builder);
  Drive drive(builder);

  EXPECT_THROW(drive.pipe("a", "bad"), StreamsError);
}

TEST(ProcessingHandler, ContinueDropsWhatFailedAndTheParentGoesOn) {
  StreamsBuilder builder;
  double_and_check(builder);
  Drive drive(builder, {.config = setting("processing.exception.handler", "continue")});

  drive.pipe("a", "bad");

  EXPECT_THAT(drive.texts(), ElementsAre("a=badbad@0"));
}

TEST(ProcessingHandler, DeadLetterIsTheInputRecord) {
  StreamsBuilder builder;
  double_and_check(builder);
  Drive drive(builder, {.config = dead_letters_for("processing.exception.handler")});

  drive.pipe("a", "bad", 3);

  EXPECT_THAT(drive.texts("dead"), ElementsAre("a=bad@3"));
}

TEST(ProcessingHandler, DeadLetterNamesTheNodeAndTheError) {
  StreamsBuilder builder;
  double_and_check(builder);
  Drive drive(builder, {.config = dead_letters_for("processing.exception.handler")});

  drive.pipe("a", "bad");

  const auto letter = drive.driver().read_raw("dead");
  ASSERT_TRUE(letter.has_value());
  EXPECT_EQ(header(*letter, "__streams.errors.node"), "KSTREAM-FILTER-0000000002");
  EXPECT_EQ(header(*letter, "__streams.errors.message"), "it is bad");
}

TEST(ProcessingHandler, OwnHandlerDecidesByTheFault) {
  StreamsBuilder builder;
  double_and_check(builder);
  std::vector<std::string> seen;
  Handlers handlers;
  handlers.processing = [&seen](const RecordFault& fault) {
    seen.emplace_back(fault.what);
    return fault.record.key == "mild" ? HandlerResponse::kContinue : HandlerResponse::kFail;
  };
  Drive drive(builder, {.handlers = handlers});

  drive.pipe("mild", "bad");

  EXPECT_THAT(seen, ElementsAre("it is bad"));
  EXPECT_THROW(drive.pipe("severe", "bad"), StreamsError);
}

/// A text that can't be written while it is longer than 3 bytes.
struct ShortTextSerde {
  Status serialize(const Text& value, std::string& out) const {
    if (value.size() > 3) return Error::data("too long a text");
    out += value;
    return {};
  }
  Status deserialize(std::string_view bytes, Text& value) const {
    value = bytes;
    return {};
  }
};
void copy_short_texts(StreamsBuilder& builder) {
  builder.stream<Text, Text>("in").to("out", {.value_serde = ShortTextSerde{}});
}

TEST(ProductionHandler, FailsUnlessToldOtherwise) {
  StreamsBuilder builder;
  copy_short_texts(builder);
  Drive drive(builder);

  EXPECT_THROW(drive.pipe("a", "long"), StreamsError);
}

TEST(ProductionHandler, ContinuePassesOverWhatCanNotBeWritten) {
  StreamsBuilder builder;
  copy_short_texts(builder);
  Drive drive(builder, {.config = setting("production.exception.handler", "continue")});

  drive.pipe("a", "long", 1);
  drive.pipe("a", "ok", 2);

  EXPECT_THAT(drive.texts(), ElementsAre("a=ok@2"));
}

TEST(ProductionHandler, DeadLetterIsTheInputRecordWithTheReason) {
  StreamsBuilder builder;
  copy_short_texts(builder);
  Drive drive(builder, {.config = dead_letters_for("production.exception.handler")});

  drive.pipe("a", "long", 1);

  const auto letter = drive.driver().read_raw("dead");
  ASSERT_TRUE(letter.has_value());
  EXPECT_EQ(letter->value, "long");
  EXPECT_EQ(header(*letter, "__streams.errors.reason"), "production");
  EXPECT_THAT(header(*letter, "__streams.errors.message").value_or(""),
              HasSubstr("too long a text"));
}

TEST(Handlers, DeadLetterWithoutATopicIsRefused) {
  StreamsBuilder builder;
  copy_numbers(builder);

  EXPECT_THROW(Drive(builder, {.config = setting("processing.exception.handler", "dead-letter")}),
               std::invalid_argument);
}

TEST(RejectedTopic, KeepsRecordsThatOperatorsDrop) {
  StreamsBuilder builder;
  builder.stream<MaybeText, Text>("in").group_by_key().count().to_stream().to("out");
  Drive drive(builder, {.config = setting("millstream.rejected.topic", "rejected")});

  drive.pipe(std::nullopt, "x", 4);
  drive.pipe("a", "y", 5);

  EXPECT_THAT(drive.numbers(), ElementsAre("a=1@5"));
  EXPECT_THAT(drive.texts("rejected"), ElementsAre("null=x@4"));
}

}  // namespace
}  // namespace millstream
