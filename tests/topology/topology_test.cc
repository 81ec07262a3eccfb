// The Processor API: what a topology refuses, how it is described, and what its processors can do.

#include <millstream/core/serdes.h>
#include <millstream/state/key_value_store.h>
#include <millstream/testing/topology_test_driver.h>
#include <millstream/topology/errors.h>
#include <millstream/topology/topology.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace millstream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using Text = std::string;

/// Puts values into capitals; fails on "bad".
class Upper final : public ContextualProcessor<Text, Text, Text, Text> {
 public:
  void process(const Record<Text, Text>& record) override {
    if (record.value() == "bad") throw std::runtime_error("it is bad");
    Text upper = record.value();
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    context().forward(record.with_value(upper));
  }
};

/// Counts keys in a store, and tells the counts every 10 ms of stream time.
class Counter final : public ContextualProcessor<Text, Text, Text, std::int64_t> {
 public:
  using Counts = KeyValueStore<Text, std::int64_t>;
  void init(ProcessorContext<Text, std::int64_t>& context) override {
    ContextualProcessor::init(context);
    counts_.emplace(context.state_store<Counts>("counts"));
    context.schedule(Duration(10), PunctuationType::kStreamTime, [this](Timestamp time) {
      auto rows = counts_->all();
      while (const auto row = rows.next()) this->context().forward(row->first, row->second, time);
    });
  }
  void process(const Record<Text, Text>& record) override {
    counts_->put(record.key(), counts_->get(record.key()).value_or(0) + 1);
  }

 private:
  std::optional<Counts> counts_;
};

std::unique_ptr<Upper> make_upper() { return std::make_unique<Upper>(); }
std::unique_ptr<Counter> make_counter() { return std::make_unique<Counter>(); }

Topology shouting() {
  Topology topology;
  topology.add_source<Text, Text>("source", "lines")
      .add_processor("upper", make_upper, "source")
      .add_sink<Text, Text>("sink", "shouts", "upper");
  return topology;
}

TEST(Topology, HandsRecordsFromSourceToSink) {
  TopologyTestDriver driver(*shouting().build());

  driver.create_input_topic<Text, Text>("lines").pipe_input("k", "hello", Timestamp(5));

  const auto record = driver.create_output_topic<Text, Text>("shouts").read_record();
  EXPECT_EQ(record, (TestRecord<Text, Text>{"k", "HELLO", Timestamp(5)}));
}

TEST(Topology, DescribesItselfAsKafkaStreamsDoes) {
  EXPECT_EQ((*shouting().build())->describe(),
            "Topologies:\n"
            "   Sub-topology: 0\n"
            "    Source: source (topics: [lines])\n"
            "      --> upper\n"
            "    Processor: upper (stores: [])\n"
            "      --> sink\n"
            "      <-- source\n"
            "    Sink: sink (topic: shouts)\n"
            "      <-- upper\n\n");
}

TEST(Topology, DescribesItselfAsJsonAndMermaid) {
  const auto built = *shouting().build();

  EXPECT_THAT(built->describe_json(),
              HasSubstr(R"({"name":"upper","kind":"processor","stores":[],"parents":["source"],)"
                        R"("children":["sink"]})"));
  EXPECT_THAT(built->describe_mermaid(), HasSubstr("n_upper --> n_sink"));
}

TEST(Topology, TellsAllFaultsAtOnce) {
  Topology topology;
  topology.add_source<Text, std::int64_t>("source", "numbers")
      .add_processor("upper", make_upper, "source")
      .add_processor("upper", make_upper, "nobody")
      .add_processor("counter", make_counter, "source", "counts")
      .add_state_store({.name = "unused"});

  const auto built = topology.build();

  ASSERT_FALSE(built.has_value());
  const std::string message(built.error().message());
  EXPECT_THAT(message, HasSubstr("two nodes are named upper"));
  EXPECT_THAT(message, HasSubstr("upper takes (std::string, std::string), but its parent source "
                                 "puts out (std::string, std::int64_t)"));
  EXPECT_THAT(message, HasSubstr("names the parent nobody, which isn't there"));
  EXPECT_THAT(message, HasSubstr("counter uses the store counts, which isn't there"));
  EXPECT_THAT(message, HasSubstr("unused is connected to no processor"));
}

TEST(Topology, MakesOneSubtopologyOfNodesThatShareAStore) {
  Topology topology;
  topology.add_source<Text, Text>("a", "in-a")
      .add_source<Text, Text>("b", "in-b")
      .add_source<Text, Text>("c", "in-c")
      .add_processor("count-a", make_counter, "a")
      .add_processor("count-b", make_counter, "b")
      .add_processor("upper", make_upper, "c")
      .add_state_store({.name = "counts"}, {"count-a", "count-b"});

  const auto built = *topology.build();

  ASSERT_EQ(built->subtopologies().size(), 2U);
  EXPECT_EQ(built->subtopologies()[0].sources.size(), 2U);
  EXPECT_EQ(built->subtopologies()[0].stores.front().name, "counts");
  EXPECT_EQ(built->subtopologies()[1].sources.front().name, "in-c");
}

TEST(Processor, KeepsStateAndPunctuatesByStreamTime) {
  Topology topology;
  topology.add_source<Text, Text>("source", "in")
      .add_processor("counter", make_counter, "source")
      .add_state_store({.name = "counts"}, "counter")
      .add_sink<Text, std::int64_t>("sink", "out", "counter");
  TopologyTestDriver driver(*topology.build());
  auto in = driver.create_input_topic<Text, Text>("in");
  auto out = driver.create_output_topic<Text, std::int64_t>("out");

  in.pipe_input("a", "", Timestamp(1));
  EXPECT_THAT(out.read_key_values(), ElementsAre(Pair("a", 1)));
  in.pipe_input("b", "", Timestamp(9));
  EXPECT_TRUE(out.is_empty());
  in.pipe_input("b", "", Timestamp(10));
  EXPECT_THAT(out.read_key_values(), ElementsAre(Pair("a", 1), Pair("b", 2)));
  EXPECT_EQ(driver.state_store<Counter::Counts>("counts").get("b"), 2);
}

TEST(Processor, MayUseConnectedStoresOnly) {
  Topology topology;
  topology.add_source<Text, Text>("source", "in")
      .add_processor("counter", make_counter, "source")
      .add_processor("upper", make_upper, "source")
      .add_state_store({.name = "counts"}, "upper");

  EXPECT_THROW(TopologyTestDriver driver(*topology.build()), StreamsError);
}

TEST(ProcessingHandler, FailsByDefault) {
  TopologyTestDriver driver(*shouting().build());

  EXPECT_THROW((driver.create_input_topic<Text, Text>("lines").pipe_input("k", "bad")),
               StreamsError);
}

TEST(ProcessingHandler, PassesTheRecordOverIfToldToContinue) {
  TopologyTestDriver driver(*shouting().build(),
                            {.config = {{"processing.exception.handler", "continue"}}});
  auto lines = driver.create_input_topic<Text, Text>("lines");

  lines.pipe_input("k", "bad");
  lines.pipe_input("k", "good");

  EXPECT_EQ((driver.create_output_topic<Text, Text>("shouts").read_value()), "GOOD");
}

TEST(DeserializationHandler, GetsNullsThatTheTypeCantHold) {
  TopologyTestDriver driver(*shouting().build(),
                            {.config = {{"deserialization.exception.handler", "continue"}}});

  driver.create_input_topic<Text, std::optional<Text>>("lines").pipe_input("k", std::nullopt);

  EXPECT_EQ(driver.queue_size("shouts"), 0U);
}

}  // namespace
}  // namespace millstream
