// Processors, fixed-key processors, their stores, and punctuators.

#include <millstream/state/key_value_store.h>
#include <millstream/topology/errors.h>
#include <millstream/topology/fixed_key_processor.h>
#include <millstream/topology/processor.h>

#include <memory>
#include <optional>

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

/// Cancels its punctuation from inside, at the second tick.
class TickTwice final : public ContextualProcessor<Text, Text, Text, Text> {
 public:
  void init(ProcessorContext<Text, Text>& context) override {
    ContextualProcessor::init(context);
    schedule_ = context.schedule(Duration(10), PunctuationType::kStreamTime, [this](Timestamp t) {
      this->context().forward("tick", "", t);
      if (++ticks_ == 2) schedule_->cancel();
    });
  }
  void process(const Record<Text, Text>&) override {}

 private:
  std::shared_ptr<Cancellable> schedule_;
  int ticks_ = 0;
};

TEST(Punctuator, MayCancelItselfFromInside) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").process([] { return std::make_unique<TickTwice>(); }).to("out");
  Drive drive(builder);

  for (const std::int64_t time : {5, 15, 25, 35}) drive.pipe("a", "", time);

  EXPECT_THAT(drive.texts(), ElementsAre("tick=@5", "tick=@15"));
}

/// Asks for a punctuation at its first record.
class ScheduleLate final : public ContextualProcessor<Text, Text, Text, Text> {
 public:
  void process(const Record<Text, Text>&) override {
    if (schedule_) return;
    schedule_ = context().schedule(Duration(10), PunctuationType::kStreamTime,
                                   [this](Timestamp t) { context().forward("tick", "", t); });
  }

 private:
  std::shared_ptr<Cancellable> schedule_;
};

TEST(Punctuator, ScheduledByARecordIsDueRightAfterIt) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .process([] { return std::make_unique<ScheduleLate>(); })
      .to("out");
  Drive drive(builder);

  drive.pipe("a", "", 25);
  drive.pipe("a", "", 29);
  drive.pipe("a", "", 30);

  EXPECT_THAT(drive.texts(), ElementsAre("tick=@25", "tick=@30"));
}

/// Says where a record came from, also while punctuating.
class TellOrigin final : public ContextualProcessor<Text, Text, Text, Text> {
 public:
  void init(ProcessorContext<Text, Text>& context) override {
    ContextualProcessor::init(context);
    context.schedule(Duration(10), PunctuationType::kStreamTime,
                     [&context](Timestamp t) { context.forward("tick", origin(context), t); });
  }
  void process(const Record<Text, Text>& record) override {
    const Text text = origin(context());
    context().forward(record.with_value(text));
  }

 private:
  static Text origin(const ProcessorContextBase& context) {
    const RecordMetadata& metadata = context.record_metadata();
    return Text(metadata.topic) + "-" + std::to_string(metadata.partition) + "/" +
           std::to_string(to_int(metadata.offset));
  }
};

TEST(Processor, KnowsWhereARecordCameFromButNotWhilePunctuating) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").process([] { return std::make_unique<TellOrigin>(); }).to("out");
  Drive drive(builder);

  drive.pipe("a", "x", 1);
  drive.pipe("a", "y", 2);

  EXPECT_THAT(drive.texts(), ElementsAre("a=in-0/0@1", "tick=-0/-1@1", "a=in-0/1@2"));
}

/// A store of a user's own: the names of each team in the order in which they came.
class Rosters {
 public:
  Rosters(ByteStore& rows, const StoreSpec&) : rows_(&rows) {}

  void add(const Text& team, const Text& name) {
    const Text before(rows_->get(team).value_or(""));
    rows_->put(team, before.empty() ? name : before + "," + name);
  }
  [[nodiscard]] Text of(const Text& team) const { return Text(rows_->get(team).value_or("")); }

 private:
  ByteStore* rows_;
};

/// Puts values on the roster of their key.
class Enlist final : public ContextualProcessor<Text, Text, Text, Text> {
 public:
  void init(ProcessorContext<Text, Text>& context) override {
    ContextualProcessor::init(context);
    rosters_.emplace(context.state_store<Rosters>("rosters"));
  }
  void process(const Record<Text, Text>& record) override {
    rosters_->add(record.key(), record.value());
    const Text all = rosters_->of(record.key());
    context().forward(record.with_value(all));
  }

 private:
  std::optional<Rosters> rosters_;
};

TEST(OwnStore, IsAClassOverTheBytesThatAllStoresStandOn) {
  StreamsBuilder builder;
  builder.add_state_store({.name = "rosters"});
  builder.stream<Text, Text>("in")
      .process([] { return std::make_unique<Enlist>(); }, "rosters")
      .to("out");
  // What is lost with an abort is there again after it, as in any store.
  Drive drive(builder, {.abort_once_a_record = true});

  drive.pipe("red", "Eva", 1);
  drive.pipe("red", "Max", 2);

  EXPECT_THAT(drive.texts(), ElementsAre("red=Eva@1", "red=Eva,Max@2"));
  EXPECT_EQ(drive.driver().state_store<Rosters>("rosters").of("red"), "Eva,Max");
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
