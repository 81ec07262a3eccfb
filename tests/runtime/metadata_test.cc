#include <millstream/runtime/kafka_streams.h>
#include <millstream/transport/open_broker.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "counting.h"
#include "support/eventually.h"
#include "support/temp_dir.h"
#include "support/topics.h"

namespace millstream {
namespace {

using ::testing::AnyOf;
using testing::counting_topology;
using testing::create_topic;
using testing::eventually;
using testing::produce;
using ::testing::SizeIs;
using testing::TempDir;
using testing::TopicRecord;

/// The counting application on an embedded log, two partitions on two threads.
class Metadata : public ::testing::Test {
 protected:
  void SetUp() override {
    auto broker =
        open_broker(Config{{"bootstrap.servers", "embedded:" + (dir_ / "log")}}, clock_, logger_);
    ASSERT_TRUE(broker) << broker.error().message();
    broker_ = std::move(*broker);
    create_topic(*broker_, "in", 2);
    create_topic(*broker_, "out", 2);
  }
  std::unique_ptr<KafkaStreams> start(const std::string& state = "state") {
    auto app = std::make_unique<KafkaStreams>(
        counting_topology("in", "out").build(),
        Config{{"application.id", "counting"},
               {"state.dir", dir_ / state},
               {"processing.guarantee", "exactly_once_v2"},
               {"commit.interval.ms", "20"},
               {"num.stream.threads", "2"}},
        KafkaStreams::Options{.broker = broker_.get(), .logger = &logger_, .metrics = &metrics_});
    const Status status = app->start();
    EXPECT_TRUE(status) << status.error().message();
    return app;
  }
  void feed(int records) {
    std::vector<TopicRecord> all;
    for (int i = 0; i < records; ++i) {
      all.push_back({.key = "k" + std::to_string(i % 10), .value = "v", .timestamp = clock_.now()});
    }
    produce(*broker_, "in", all);
  }
  [[nodiscard]] static std::uint64_t records_of(const KafkaStreams& app) {
    std::uint64_t sum = 0;
    for (const TaskMetadata& task : app.tasks()) sum += task.records;
    return sum;
  }
  /// The sum of a metric's values over all labels; of histograms the number of observations.
  [[nodiscard]] double metric(std::string_view wanted) const {
    double sum = 0;
    metrics_.visit([&](std::string_view name, std::string_view, const Metrics::Sample& sample) {
      if (name != wanted) return;
      if (sample.counter != nullptr) sum += static_cast<double>(sample.counter->value());
      if (sample.gauge != nullptr) sum += sample.gauge->value();
      if (sample.histogram == nullptr) return;
      for (std::size_t i = 0; i <= sample.histogram->bounds().size(); ++i) {
        sum += static_cast<double>(sample.histogram->count(i));
      }
    });
    return sum;
  }

  TempDir dir_;
  SystemClock clock_;
  StderrLogger logger_{LogLevel::kError};
  Metrics metrics_;
  std::unique_ptr<Broker> broker_;
};

TEST_F(Metadata, NamesThreadsAndTheirTasks) {
  const auto app = start();
  ASSERT_TRUE(eventually([&] {
    const auto threads = app->metadata_for_local_threads();
    return threads.size() == 2 && threads[0].thread_state == ThreadState::kRunning &&
           threads[1].thread_state == ThreadState::kRunning && app->tasks().size() == 2;
  }));

  for (const ThreadMetadata& thread : app->metadata_for_local_threads()) {
    EXPECT_THAT(thread.thread_name, ::testing::StartsWith("counting-"));
    EXPECT_THAT(thread.thread_name, AnyOf(::testing::EndsWith("-StreamThread-1"),
                                          ::testing::EndsWith("-StreamThread-2")));
    EXPECT_THAT(thread.active_tasks, SizeIs(1));
  }
}

TEST_F(Metadata, FollowsOffsetsRecordsStoresAndEdges) {
  const auto app = start();

  feed(1000);

  ASSERT_TRUE(eventually([&] {
    std::int64_t lag = 0;
    for (const TaskMetadata& task : app->tasks()) lag += task.lag();
    return records_of(*app) == 1000 && lag == 0;
  }));
  std::int64_t committed = 0;
  std::uint64_t along_edges = 0;
  for (const TaskMetadata& task : app->tasks()) {
    ASSERT_THAT(task.sources, SizeIs(1));
    EXPECT_EQ(task.sources[0].topic, "in");
    EXPECT_EQ(task.sources[0].committed, task.sources[0].end);
    EXPECT_EQ(task.sources[0].records, task.records);
    committed += to_int(task.sources[0].committed);
    ASSERT_THAT(task.edges, SizeIs(2));
    EXPECT_EQ(task.edges[0].from, "source");
    EXPECT_EQ(task.edges[0].to, "count");
    EXPECT_EQ(task.edges[1].to, "sink");
    for (const EdgeMetadata& edge : task.edges) along_edges += edge.records;
    ASSERT_THAT(task.stores, SizeIs(1));
    EXPECT_EQ(task.stores[0].name, "counts");
    EXPECT_GT(task.commits, 0U);
  }
  EXPECT_EQ(committed, 1000);
  EXPECT_EQ(along_edges, 2000U);
  ASSERT_TRUE(eventually([&] {
    std::uint64_t entries = 0;
    for (const TaskMetadata& task : app->tasks()) entries += task.stores.at(0).entries;
    return entries == 10;
  }));
}

TEST_F(Metadata, BecomesMetrics) {
  auto app = start();
  feed(500);
  ASSERT_TRUE(eventually([&] { return metric("millstream_end_to_end_seconds") == 500; }));

  EXPECT_EQ(metric("millstream_records_fetched_total"), 500);
  EXPECT_EQ(metric("millstream_records_processed_total"), 500);
  // To "out", and each of ten keys to the changelog once a commit at least.
  EXPECT_GE(metric("millstream_records_sent_total"), 510);
  EXPECT_EQ(metric("millstream_thread_state"), 2);
  EXPECT_EQ(metric("millstream_state"), 1);
  EXPECT_EQ(metric("millstream_build_info"), 1);
  EXPECT_TRUE(eventually([&] { return metric("millstream_tasks") == 2; }));
  EXPECT_TRUE(eventually([&] { return metric("millstream_store_entries") == 10; }));

  app->close();

  // What it doesn't have any more must not be counted twice when another instance has it.
  EXPECT_EQ(metric("millstream_tasks"), 0);
  EXPECT_EQ(metric("millstream_store_entries"), 0);
  EXPECT_EQ(metric("millstream_lag_records"), 0);
}

TEST_F(Metadata, IsEmptyBeforeTheStartAndAfterTheEnd) {
  KafkaStreams fresh(counting_topology("in", "out").build(),
                     Config{{"application.id", "other"}, {"state.dir", dir_ / "other"}},
                     KafkaStreams::Options{.broker = broker_.get(), .logger = &logger_});
  EXPECT_THAT(fresh.metadata_for_local_threads(), SizeIs(0));

  const auto app = start();
  ASSERT_TRUE(eventually([&] { return app->tasks().size() == 2; }));
  app->close();

  EXPECT_THAT(app->metadata_for_local_threads(), SizeIs(0));
}

TEST_F(Metadata, SaysHowFarARestoreIs) {
  {
    const auto app = start();
    feed(2000);
    ASSERT_TRUE(eventually([&] { return records_of(*app) == 2000; }));
  }
  std::vector<std::int64_t> remaining;  // of all restoring tasks, as the listener is told
  KafkaStreams app(counting_topology("in", "out").build(),
                   Config{{"application.id", "counting"},
                          {"state.dir", dir_ / "a-new-machine"},
                          {"processing.guarantee", "exactly_once_v2"},
                          {"commit.interval.ms", "20"}},
                   KafkaStreams::Options{
                       .restore = {.on_restore_start =
                                       [&](TaskId, const std::string&, Offset from, Offset end) {
                                         remaining.push_back(to_int(end) - to_int(from));
                                       }},
                       .broker = broker_.get(),
                       .logger = &logger_,
                       .metrics = &metrics_});

  const Status started = app.start();

  ASSERT_TRUE(started) << started.error().message();
  ASSERT_TRUE(eventually([&] { return app.state() == KafkaStreams::State::kRunning; }));
  app.close();
  EXPECT_THAT(remaining, SizeIs(2));
  EXPECT_GT(std::accumulate(remaining.begin(), remaining.end(), std::int64_t{0}), 0);
  EXPECT_EQ(metric("millstream_restore_remaining_records"), 0);
}

}  // namespace
}  // namespace millstream
