// Processors, fixed-key processors, their stores, and punctuators.

#include <millstream/state/key_value_store.h>
#include <millstream/topology/errors.h>
#include <millstream/topology/fixed_key_processor.h>
#include <millstream/topology/processor.h>

#include <memory>

#include "drive.h"

namespace millstream {
namespace {

using testing::Drive;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MaybeText;
using ::testing::Not;
using testing::Text;

/// Says how often it has seen a key, from a store.
class CountInStore final : public ContextualProcessor<Text, Text, Text, Text> {
 public:
  using Counts = KeyValueStore<Text, std::int64_t>;

  void init(ProcessorContext<Text, Text>& context) override {
    ContextualProcessor::init(context);
    counts_.emplace(context.state_store<Counts>("counts"));
  }
  void process(const Record<Text, Text>& record) override {
    const std::int64_t count = counts_->get(record.key()).value_or(0) + 1;
    counts_->put(record.key(), count);
    context().forward(record.with_value(record.value() + std::to_string(count)));
  }

 private:
  std::optional<Counts> counts_;
};

/// Puts out the time of each punctuation.
class TellTime final : public ContextualProcessor<Text, Text, Text, Text> {
 public:
  explicit TellTime(PunctuationType type) : type_(type) {}
  void init(ProcessorContext<Text, Text>& context) override {
    ContextualProcessor::init(context);
    schedule_ = context.schedule(Duration(10), type_,
                                 [&context](Timestamp t) { context.forward("tick", "", t); });
  }
  void process(const Record<Text, Text>& record) override {
    if (record.value() == "cancel") schedule_->cancel();
  }

 private:
  PunctuationType type_;
  std::shared_ptr<Cancellable> schedule_;
};

auto tell(PunctuationType type) {
  return [type] { return std::make_unique<TellTime>(type); };
}

/// Appends the record's own value.
class Repeat final : public FixedKeyProcessor<Text, Text, Text> {
 public:
  void init(FixedKeyProcessorContext<Text, Text>& context) override { context_ = &context; }
  void process(const FixedKeyRecord<Text, Text>& record) override {
    context_->forward(record.with_value(record.value() + record.value()));
  }

 private:
  FixedKeyProcessorContext<Text, Text>* context_ = nullptr;
};

/// Sends a record to the child that its value names.
class Choose final : public ContextualProcessor<Text, Text, Text, Text> {
 public:
  void process(const Record<Text, Text>& record) override {
    context().forward(record, record.value());
  }
};

/// Adds a header and a copy without it.
class Mark final : public ContextualProcessor<Text, Text, Text, Text> {
 public:
  void process(const Record<Text, Text>& record) override {
    Headers copy = record.headers();
    record.headers().add("mark", "1");
    context().forward(record);
    context().forward(record.with_headers(copy));
  }
};

TEST(Processor, KeepsStateInTheStoresThatItNames) {
  StreamsBuilder builder;
  builder.add_state_store({.name = "counts"});
  builder.stream<Text, Text>("in")
      .process([] { return std::make_unique<CountInStore>(); }, "counts")
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 1);
  drive.pipe("b", "y", 2);
  drive.pipe("a", "z", 3);

  EXPECT_THAT(drive.texts(), ElementsAre("a=x1@1", "b=y1@2", "a=z2@3"));
  EXPECT_EQ(drive.driver().state_store<CountInStore::Counts>("counts").get("a"), 2);
}

TEST(Processor, MayNotUseAStoreThatItDoesNotName) {
  StreamsBuilder builder;
  builder.add_state_store({.name = "counts"});
  const auto supplier = [] { return std::make_unique<CountInStore>(); };
  auto in = builder.stream<Text, Text>("in");
  in.process(supplier, "counts").to("out");
  in.process(supplier).to("other");

  EXPECT_THROW(Drive{builder}, StreamsError);
}

TEST(Processor, SendsToOneChildByName) {
  Topology topology;
  topology.add_source<Text, Text>("source", "in")
      .add_processor(
          "choose", [] { return std::make_unique<Choose>(); }, "source")
      .add_sink<Text, Text>("left", "out-left", "choose")
      .add_sink<Text, Text>("right", "out-right", "choose");
  Drive drive(topology);

  drive.pipe("a", "right");

  EXPECT_THAT(drive.texts("out-left"), IsEmpty());
  EXPECT_THAT(drive.texts("out-right"), ElementsAre("a=right@0"));
  EXPECT_THROW(drive.pipe("a", "nowhere"), std::exception);
}

TEST(Processor, ChangesHeadersInPlaceOrInACopy) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").process([] { return std::make_unique<Mark>(); }).to("out");
  Drive drive(builder);

  drive.pipe("a", "x");

  EXPECT_NE(drive.driver().read_raw("out")->headers.last("mark"), nullptr);
  EXPECT_EQ(drive.driver().read_raw("out")->headers.last("mark"), nullptr);
}

TEST(FixedKeyProcessor, NeedsNoRepartitionBehindIt) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .process_values([] { return std::make_unique<Repeat>(); })
      .group_by_key()
      .reduce([](const Text& all, const Text& value) { return all + "," + value; })
      .to_stream()
      .to("out");
  const auto topology = testing::built(builder);
  TopologyTestDriver driver(topology);
  auto in = driver.create_input_topic<Text, Text>("in");

  in.pipe_input("a", "x");
  in.pipe_input("a", "y");

  EXPECT_THAT(topology->describe(), Not(HasSubstr("repartition")));
  EXPECT_THAT((driver.create_output_topic<Text, Text>("out").read_key_values()),
              ElementsAre(std::pair("a", "xx"), std::pair("a", "xx,yy")));
}

TEST(Punctuator, OfStreamTimeIsDueAtOnceThenAtMultiplesAndMakesUpNothing) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").process(tell(PunctuationType::kStreamTime)).to("out");
  Drive drive(builder);

  drive.pipe("a", "", 3);
  drive.pipe("a", "", 9);   // not yet
  drive.pipe("a", "", 35);  // 10, 20 and 30 have passed: one call, with the time that it is
  drive.pipe("a", "", 12);  // stream time doesn't go back
  drive.pipe("a", "", 40);

  EXPECT_THAT(drive.texts(), ElementsAre("tick=@3", "tick=@35", "tick=@40"));
}

TEST(Punctuator, OfWallClockTimeIgnoresRecords) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").process(tell(PunctuationType::kWallClockTime)).to("out");
  Drive drive(builder);

  drive.pipe("a", "", 1000);
  drive.driver().advance_wall_clock_time(Duration(9));
  EXPECT_THAT(drive.texts(), IsEmpty());

  drive.driver().advance_wall_clock_time(Duration(25));
  EXPECT_THAT(drive.texts(), ElementsAre("tick=@34"));
}

TEST(Punctuator, StopsWhenCancelled) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").process(tell(PunctuationType::kStreamTime)).to("out");
  Drive drive(builder);

  drive.pipe("a", "", 5);
  drive.pipe("a", "cancel", 6);
  drive.pipe("a", "", 50);

  EXPECT_THAT(drive.texts(), ElementsAre("tick=@5"));
}

}  // namespace
}  // namespace millstream
