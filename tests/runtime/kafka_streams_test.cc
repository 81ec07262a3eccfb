#include <millstream/runtime/kafka_streams.h>
#include <millstream/transport/open_broker.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "counting.h"
#include "support/eventually.h"
#include "support/temp_dir.h"
#include "support/topics.h"

namespace millstream {
namespace {

using testing::counting_topology;
using testing::create_topic;
using testing::eventually;
using testing::produce;
using testing::read_topic;
using testing::TempDir;
using testing::TopicRecord;

/// Where and how the application runs.
struct Setting {
  std::string guarantee;
  /// Empty: the embedded log.
  std::string bootstrap;
};

/// A broker with topics of its own, and instances of the counting application on it.
class CountingApplication : public ::testing::TestWithParam<Setting> {
 protected:
  void SetUp() override {
    const std::string servers =
        GetParam().bootstrap.empty() ? "embedded:" + (dir_ / "log") : GetParam().bootstrap;
    auto broker = open_broker(Config{{"bootstrap.servers", servers}}, clock_, logger_);
    ASSERT_TRUE(broker) << broker.error().message();
    broker_ = std::move(*broker);
    create_topic(*broker_, in_, 4);
    create_topic(*broker_, out_, 4);
  }
  [[nodiscard]] Config config(const std::string& state = "state") const {
    return Config{{"application.id", name_},
                  {"state.dir", dir_ / state},
                  {"processing.guarantee", GetParam().guarantee},
                  {"commit.interval.ms", "20"},
                  {"num.stream.threads", "2"}};
  }
  /// Passes over poison.
  [[nodiscard]] Config lenient(const std::string& state) const {
    Config config = this->config(state);
    config.set("processing.exception.handler", "continue");
    return config;
  }
  [[nodiscard]] auto topology() const { return counting_topology(in_, out_).build(); }
  std::unique_ptr<KafkaStreams> start(Config config, KafkaStreams::Options options = {}) {
    options.broker = broker_.get();
    options.logger = &logger_;
    auto app = std::make_unique<KafkaStreams>(topology(), std::move(config), std::move(options));
    const Status status = app->start();
    EXPECT_TRUE(status) << status.error().message();
    return app;
  }
  void feed(int rounds) {
    std::vector<TopicRecord> records;
    for (int round = 0; round < rounds; ++round) {
      for (int key = 0; key < 10; ++key) {
        records.push_back(
            {.key = "k" + std::to_string(key), .value = "v", .timestamp = Timestamp(1)});
      }
    }
    produce(*broker_, in_, records);
  }
  void poison_each_partition() {
    auto producer = broker_->make_producer({.client_id = "poisoner"});
    ASSERT_TRUE(producer) << producer.error().message();
    for (PartitionId partition = 0; partition < 4; ++partition) {
      ASSERT_TRUE((*producer)->produce({.topic = in_,
                                        .partition = partition,
                                        .key = "poison",
                                        .value = "v",
                                        .timestamp = Timestamp(1)}));
    }
    ASSERT_TRUE((*producer)->flush());
  }
  bool wait_for_outputs(std::size_t count) {
    return eventually([&] { return read_topic(*broker_, out_).size() >= count; });
  }
  /// Each key's outputs are 1, 2, 3, … up to `rounds`: nothing lost, nothing twice.
  void expect_counts_up_to(std::int64_t rounds) {
    std::map<std::string, std::int64_t> last;
    for (const TopicRecord& record : read_topic(*broker_, out_)) {
      std::int64_t count = 0;
      ASSERT_TRUE(Serde<std::int64_t>().deserialize(*record.value, count));
      EXPECT_EQ(count, last[*record.key] + 1) << *record.key;
      last[*record.key] = count;
    }
    EXPECT_EQ(last.size(), 10U);
    for (const auto& [key, count] : last) EXPECT_EQ(count, rounds) << key;
  }

  TempDir dir_;
  const std::string name_ = "counting-" + std::filesystem::path(dir_.path()).filename().string();
  const std::string in_ = name_ + "-in";
  const std::string out_ = name_ + "-out";
  SystemClock clock_;
  StderrLogger logger_{LogLevel::kError};
  std::unique_ptr<Broker> broker_;
};

std::vector<Setting> settings_on_kafka() {
  const char* bootstrap = std::getenv("KAFKA_BOOTSTRAP");
  if (bootstrap == nullptr) return {};
  return {{"exactly_once_v2", bootstrap}, {"at_least_once", bootstrap}};
}

const auto kNameOf = [](const auto& setting) { return setting.param.guarantee; };
INSTANTIATE_TEST_SUITE_P(Embedded, CountingApplication,
                         ::testing::Values(Setting{"at_least_once", ""},
                                           Setting{"exactly_once_v2", ""}),
                         kNameOf);
INSTANTIATE_TEST_SUITE_P(Kafka, CountingApplication, ::testing::ValuesIn(settings_on_kafka()),
                         kNameOf);

/// What holds on Kafka only.
class CountingOnKafka : public CountingApplication {};
INSTANTIATE_TEST_SUITE_P(Kafka, CountingOnKafka, ::testing::ValuesIn(settings_on_kafka()), kNameOf);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CountingOnKafka);

TEST_P(CountingApplication, ProcessesEveryRecordOnce) {
  const auto app = start(config());
  feed(100);
  ASSERT_TRUE(wait_for_outputs(1000));
  EXPECT_TRUE(app->close());
  EXPECT_EQ(app->state(), KafkaStreams::State::kNotRunning);
  expect_counts_up_to(100);
}

TEST_P(CountingApplication, CommitsSoonWhenTheInputHasEndedForNow) {
  feed(1000);
  Config patient = config();
  patient.set("commit.interval.ms", "600000");
  patient.set("millstream.commit.idle.interval.ms", "50");

  const auto app = start(patient);

  EXPECT_TRUE(wait_for_outputs(10'000)) << "the commit waits for its interval";
  EXPECT_TRUE(app->close());
  expect_counts_up_to(1000);
}

TEST_P(CountingApplication, CommitsBeforeTheIntervalEndsWhereChangesTakeMuchMemory) {
  Config patient = config();
  patient.set("commit.interval.ms", "600000");
  patient.set("millstream.commit.idle.interval.ms", "600000");
  patient.set("millstream.memory.bytes", std::to_string(16 << 20));
  const auto app = start(patient);

  std::vector<TopicRecord> records;
  for (int i = 0; i < 80; ++i) {
    records.push_back({.key = std::to_string(i) + std::string(50'000, 'k'),
                       .value = "v",
                       .timestamp = Timestamp(1)});
  }
  produce(*broker_, in_, records);

  const std::string changelog = name_ + "-counts-changelog";
  EXPECT_TRUE(eventually([&] { return !read_topic(*broker_, changelog).empty(); }))
      << "the commit waits for its interval";
  EXPECT_TRUE(app->close());
}

TEST_P(CountingApplication, GoesOnFromItsStoreAfterARestart) {
  feed(10);
  auto app = start(config());
  ASSERT_TRUE(wait_for_outputs(100));
  ASSERT_TRUE(app->close());
  app.reset();

  feed(10);
  app = start(config());
  ASSERT_TRUE(wait_for_outputs(200));

  EXPECT_TRUE(app->close());
  expect_counts_up_to(20);
}

TEST_P(CountingApplication, RestoresFromTheChangelogWhereTheStoreIsGone) {
  feed(10);
  auto app = start(config("first"));
  ASSERT_TRUE(wait_for_outputs(100));
  ASSERT_TRUE(app->close());
  app.reset();

  feed(10);
  app = start(config("second"));
  ASSERT_TRUE(wait_for_outputs(200));

  EXPECT_TRUE(app->close());
  expect_counts_up_to(20);
}

TEST_P(CountingApplication, SharesItsTasksWithASecondInstance) {
  const auto first = start(config("first"));
  feed(10);
  ASSERT_TRUE(wait_for_outputs(100));

  const auto second = start(config("second"));
  ASSERT_TRUE(
      eventually([&] { return first->tasks().size() == 2 && second->tasks().size() == 2; }));
  feed(10);
  ASSERT_TRUE(wait_for_outputs(200));
  EXPECT_TRUE(first->close());
  ASSERT_TRUE(eventually([&] { return second->tasks().size() == 4; }));
  feed(10);
  ASSERT_TRUE(wait_for_outputs(300));

  EXPECT_TRUE(second->close());
  expect_counts_up_to(30);
}

TEST_P(CountingApplication, AnUncaughtErrorEndsTheInstanceWithItsReason) {
  const auto app = start(config());
  produce(*broker_, in_, {{.key = "poison", .value = "v", .timestamp = Timestamp(1)}});
  ASSERT_TRUE(eventually([&] { return app->state() == KafkaStreams::State::kError; }));
  EXPECT_NE(app->error().message().find("poisoned"), std::string_view::npos);
  EXPECT_NE(app->error().message().find("count"), std::string_view::npos);
}

/// Puts out a value that no broker takes by its defaults of the test.
class Enlarging : public ContextualProcessor<std::string, std::string, std::string, std::string> {
 public:
  void process(const Record<std::string, std::string>& record) override {
    context().forward(record.with_value(std::string(std::size_t{2} << 20U, 'x')));
  }
};

TEST_P(CountingApplication, ARecordTooLargeForItsTopicEndsTheInstanceWithItsReason) {
  const std::string small = name_ + "-small";
  const std::vector<NewTopic> topics{
      {.name = small, .partitions = 1, .config = {{"max.message.bytes", "1000"}}}};
  ASSERT_TRUE(broker_->admin().create_topics(topics));
  Topology enlarging;
  enlarging.add_source<std::string, std::string>("source", in_)
      .add_processor(
          "enlarge", [] { return std::make_unique<Enlarging>(); }, "source")
      .add_sink<std::string, std::string>("sink", small, "enlarge");
  KafkaStreams app(enlarging.build(), config(), {.broker = broker_.get(), .logger = &logger_});
  ASSERT_TRUE(app.start());

  feed(1);

  ASSERT_TRUE(eventually([&] { return app.state() == KafkaStreams::State::kError; }));
  EXPECT_EQ(app.error().kind(), ErrorKind::kUser) << app.error().message();
  EXPECT_NE(app.error().message().find(small), std::string_view::npos) << app.error().message();
}

TEST_P(CountingApplication, TheTasksOfAFailedInstanceGoToTheOthersAtOnce) {
  const auto other = start(lenient("other"));
  const auto fails = start(config());
  ASSERT_TRUE(eventually([&] { return fails->tasks().size() == 2; }));
  poison_each_partition();
  ASSERT_TRUE(eventually([&] { return fails->state() == KafkaStreams::State::kError; }));

  feed(10);  // and the failed one is not even closed
  ASSERT_TRUE(wait_for_outputs(100));
  expect_counts_up_to(10);
  EXPECT_TRUE(eventually([&] { return other->state() == KafkaStreams::State::kRunning; }));
}

TEST_P(CountingApplication, OneInstanceCanStopTheWholeApplication) {
  const auto other = start(lenient("other"));
  KafkaStreams::Options options;
  options.on_uncaught = [](const Error&) { return UncaughtResponse::kShutdownApplication; };
  const auto fails = start(config(), std::move(options));
  ASSERT_TRUE(eventually([&] { return fails->tasks().size() == 2 && other->tasks().size() == 2; }));
  poison_each_partition();

  ASSERT_TRUE(eventually([&] { return other->state() == KafkaStreams::State::kError; }));
  EXPECT_EQ(fails->state(), KafkaStreams::State::kError);
  const bool told = other->error().message().find("poison") != std::string_view::npos;
  EXPECT_TRUE(told) << other->error().message();
  // What starts later isn't meant.
  EXPECT_TRUE(other->close());
  const auto later = start(lenient("later"));
  feed(1);
  ASSERT_TRUE(wait_for_outputs(10));
}

// The embedded log goes on at its start, and says so.
TEST_P(CountingOnKafka, RecordsThatAreGoneEndTheInstanceAndSayWhere) {
  {
    const auto app = start(config());
    feed(1);
    ASSERT_TRUE(wait_for_outputs(10));
    EXPECT_TRUE(app->close());
  }
  feed(1);
  const auto ends = broker_->admin().end_offsets(testing::partitions_of(*broker_, in_),
                                                 Isolation::kReadUncommitted);
  ASSERT_TRUE(ends);
  std::vector<PartitionPosition> before;
  for (const auto& [partition, end] : *ends) before.push_back({partition, end});
  ASSERT_TRUE(broker_->admin().delete_records(before));

  const auto app = start(config());
  ASSERT_TRUE(eventually([&] { return app->state() == KafkaStreams::State::kError; }));
  const std::string said(app->error().message());
  EXPECT_NE(said.find(in_), std::string::npos) << said;
  EXPECT_NE(said.find("gone"), std::string::npos) << said;
}

TEST_P(CountingApplication, PassesOverAPoisonRecordIfToldSo) {
  Config lenient = config();
  create_topic(*broker_, name_ + "-dead", 1);
  lenient.set("processing.exception.handler", "dead-letter");
  lenient.set("errors.dead.letter.queue.topic.name", name_ + "-dead");
  const auto app = start(lenient);
  produce(*broker_, in_, {{.key = "poison", .value = "v", .timestamp = Timestamp(1)}});
  feed(1);
  ASSERT_TRUE(wait_for_outputs(10));
  ASSERT_TRUE(eventually([&] { return read_topic(*broker_, name_ + "-dead").size() == 1; }));
  EXPECT_EQ(read_topic(*broker_, name_ + "-dead").front().key, "poison");
  EXPECT_TRUE(app->close());
}

TEST_P(CountingApplication, RefusesAStateDirectoryInUse) {
  const auto first = start(config());
  KafkaStreams second(topology(), config(), {.broker = broker_.get()});
  const Status status = second.start();
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message().find(std::to_string(getpid())), std::string_view::npos);
  EXPECT_TRUE(first->close());
}

TEST_P(CountingApplication, NamesAMissingSourceTopic) {
  Topology lost;
  lost.add_source<std::string, std::string>("source", "nowhere");
  lost.add_sink<std::string, std::string>("sink", out_, "source");
  KafkaStreams app(lost.build(), config(), {.broker = broker_.get(), .logger = &logger_});
  const Status status = app.start();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind(), ErrorKind::kUser);
  EXPECT_NE(status.error().message().find("nowhere"), std::string_view::npos);
}

}  // namespace
}  // namespace millstream
