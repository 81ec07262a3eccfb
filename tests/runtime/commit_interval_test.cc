// When the next commit is due, by a clock that the test owns.
#include <millstream/operators/streams_builder.h>
#include <millstream/runtime/kafka_streams.h>
#include <millstream/transport/open_broker.h>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "support/eventually.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"
#include "support/topics.h"

namespace millstream {
namespace {

using testing::create_topic;
using testing::eventually;
using testing::ManualClock;
using testing::produce;
using testing::TempDir;

/// A count whose updates wait in the cache for the commit, which then takes five seconds for each;
/// in the first of them a record more comes in.
class CommitInterval : public ::testing::Test {
 protected:
  void SetUp() override {
    auto broker = open_broker(Config{{"bootstrap.servers", "embedded:" + (dir_ / "log")}},
                              brokers_clock_, logger_);
    ASSERT_TRUE(broker) << broker.error().message();
    broker_ = std::move(*broker);
    create_topic(*broker_, "in", 1);
    create_topic(*broker_, "out", 1);
  }
  std::unique_ptr<KafkaStreams> start() {
    StreamsBuilder builder;
    builder.stream<std::string, std::string>("in")
        .peek([this](const auto&, const auto&) { ++processed_; })
        .group_by_key()
        .count()
        .to_stream()
        .peek([this](const auto&, const auto&) {
          if (++committed_ == 1) feed_one();
          clock_.advance(Duration(5'000));
        })
        .to("out");
    auto app = std::make_unique<KafkaStreams>(
        builder.build(),
        Config{{"application.id", "counting"},
               {"state.dir", dir_ / "state"},
               {"commit.interval.ms", "1000"},
               {"millstream.commit.idle.interval.ms", "1000"}},
        KafkaStreams::Options{.broker = broker_.get(), .logger = &logger_, .clock = &clock_});
    const Status status = app->start();
    EXPECT_TRUE(status) << status.error().message();
    return app;
  }
  void feed_one() {
    produce(*broker_, "in", {{.key = "k", .value = "v", .timestamp = Timestamp(1)}});
  }

  TempDir dir_;
  SystemClock brokers_clock_;
  ManualClock clock_;
  StderrLogger logger_{LogLevel::kError};
  std::atomic<int> processed_ = 0;
  std::atomic<int> committed_ = 0;
  std::unique_ptr<Broker> broker_;
};

TEST_F(CommitInterval, BeginsWhenTheLastCommitHasEnded) {
  const auto app = start();
  feed_one();
  ASSERT_TRUE(eventually([&] { return processed_ == 1; }));
  clock_.advance(Duration(1'000));
  ASSERT_TRUE(eventually([&] { return processed_ == 2; })) << "no commit when it was due";

  feed_one();  // What was due behind the second record is done before the third.
  ASSERT_TRUE(eventually([&] { return processed_ == 3; }));
  EXPECT_EQ(committed_, 1) << "another commit, though the last one has just ended";

  clock_.advance(Duration(1'000));
  EXPECT_TRUE(eventually([&] { return committed_ == 2; }));
  EXPECT_TRUE(app->close());
}

}  // namespace
}  // namespace millstream
