#include "replayer.h"

#include <gmock/gmock.h>
#include <millstream/core/config.h>
#include <millstream/transport/open_broker.h>

#include "temp_folder.h"
#include "topics.h"

using anomaly::DataSet;
using anomaly::Replayer;
using anomaly::ReplayOptions;
using anomaly::Topics;
using millstream::Config;
using millstream::TopicPartition;

namespace {

DataSet data_set(std::size_t series, std::size_t rows) {
  DataSet data;
  for (std::size_t s = 0; s < series; ++s) {
    data.series.push_back({.name = "a/series" + std::to_string(s)});
    for (std::size_t r = 0; r < rows; ++r) {
      data.series.back().points.push_back({.timestamp_ms = static_cast<std::int64_t>(r * 1000 + s),
                                           .value = static_cast<double>(s * 1000 + r)});
    }
  }
  return data;
}

/// Time that moves when told to.
class FakeClock final : public millstream::Clock {
 public:
  [[nodiscard]] millstream::Timestamp now() const override {
    return millstream::Timestamp(now_.count() / 1'000'000);
  }
  [[nodiscard]] std::chrono::nanoseconds monotonic() const override { return now_; }
  void advance(std::chrono::nanoseconds by) { now_ += by; }

 private:
  std::chrono::nanoseconds now_{1'000'000'000};
};

class ReplayerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto broker = millstream::open_broker(
        Config{{"bootstrap.servers", "embedded:" + (folder_.path() / "broker").string()}}, clock_,
        logger_);
    ASSERT_TRUE(broker) << broker.error().message();
    broker_ = std::move(*broker);
    ASSERT_TRUE(anomaly::create_topics(broker_->admin(), topics_));
  }

  void run_to_end(Replayer& replayer) {
    for (;;) {
      const auto wait = replayer.step(1000);
      ASSERT_TRUE(wait) << wait.error().message();
      if (!*wait) return;
      clock_.advance(**wait);
    }
  }

  std::vector<std::string> values_in_topic() {
    auto consumer = broker_->make_consumer({.client_id = "test"});
    std::vector<millstream::PartitionPosition> all;
    for (millstream::PartitionId p = 0; p < topics_.partitions; ++p) {
      all.push_back({{topics_.metrics, p}, millstream::Offset(0)});
    }
    EXPECT_TRUE((*consumer)->assign(all));
    std::vector<std::string> lines;
    for (;;) {
      auto batches = (*consumer)->poll(10'000, millstream::Duration(100));
      if (!batches || batches->empty()) break;
      for (const auto& batch : *batches) take(*batch, lines);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  static void take(const millstream::FetchedBatch& batch, std::vector<std::string>& lines) {
    for (const auto& record : batch.records()) {
      anomaly::Metric metric;
      EXPECT_TRUE(anomaly::MessageSerde<anomaly::Metric>().deserialize(*record.value, metric));
      lines.push_back(metric.series + " " + std::to_string(metric.timestamp_ms) + " " +
                      std::to_string(metric.value));
    }
  }

  TempFolder folder_;
  FakeClock clock_;
  millstream::NullLogger logger_;
  Topics topics_;
  std::unique_ptr<millstream::Broker> broker_;
};

}  // namespace

TEST_F(ReplayerTest, WritesEveryRecordOnce) {
  const DataSet data = data_set(5, 100);
  Replayer replayer(data, *broker_, clock_, {});
  ASSERT_TRUE(replayer.open());
  run_to_end(replayer);
  EXPECT_EQ(replayer.position(), 500U);
  EXPECT_EQ(values_in_topic().size(), 500U);
}

TEST_F(ReplayerTest, GoesOnWhereAnEarlierOneWasInterrupted) {
  const DataSet data = data_set(7, 100);
  for (const std::size_t part : {13, 200, 1, 250}) {
    Replayer interrupted(data, *broker_, clock_, {});
    ASSERT_TRUE(interrupted.open());
    ASSERT_TRUE(interrupted.step(part));
  }
  Replayer last(data, *broker_, clock_, {});
  ASSERT_TRUE(last.open());
  EXPECT_GT(last.found(), 0U);
  run_to_end(last);

  const auto lines = values_in_topic();
  EXPECT_EQ(lines.size(), 700U);
  EXPECT_EQ(std::adjacent_find(lines.begin(), lines.end()), lines.end()) << "a record came twice";
}

TEST_F(ReplayerTest, KeepsToItsRate) {
  const DataSet data = data_set(1, 100);
  Replayer replayer(data, *broker_, clock_, ReplayOptions{.rate = 10});
  ASSERT_TRUE(replayer.open());
  const auto before = clock_.monotonic();
  run_to_end(replayer);
  EXPECT_NEAR(std::chrono::duration<double>(clock_.monotonic() - before).count(), 9.9, 0.01);
}

TEST_F(ReplayerTest, KeepsToItsSpeedOfEventTime) {
  const DataSet data = data_set(1, 11);  // ten seconds
  Replayer replayer(data, *broker_, clock_, ReplayOptions{.speed = 4});
  ASSERT_TRUE(replayer.open());
  const auto before = clock_.monotonic();
  run_to_end(replayer);
  EXPECT_NEAR(std::chrono::duration<double>(clock_.monotonic() - before).count(), 2.5, 0.01);
}

TEST_F(ReplayerTest, SaysThatATopicHoldsOtherData) {
  const DataSet more = data_set(5, 100);
  Replayer first(more, *broker_, clock_, {});
  ASSERT_TRUE(first.open());
  run_to_end(first);

  const DataSet less = data_set(5, 50);
  Replayer second(less, *broker_, clock_, {});
  ASSERT_TRUE(second.open());
  const auto wait = second.step(1);
  ASSERT_FALSE(wait);
  EXPECT_THAT(std::string(wait.error().message()), testing::HasSubstr("filled from other data"));
}

TEST_F(ReplayerTest, NamesATopicThatIsNotThere) {
  const DataSet data = data_set(1, 1);
  Replayer replayer(data, *broker_, clock_, ReplayOptions{.topic = "metrix"});
  const auto status = replayer.open();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind(), millstream::ErrorKind::kUser);
  EXPECT_THAT(std::string(status.error().message()), testing::HasSubstr("\"metrix\""));
}
