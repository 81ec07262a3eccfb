#include "api_sampler.h"

#include <gtest/gtest.h>

#include <utility>

using anomaly::Sampler;
using millstream::Metrics;
using millstream::TaskId;
using millstream::TaskMetadata;
using millstream::ThreadMetadata;

namespace {

std::vector<ThreadMetadata> one_task(TaskId id, std::uint64_t records) {
  TaskMetadata task{.task = id};
  task.sources.push_back({.partition = {"in", id.partition}, .topic = "in", .records = records});
  task.edges.push_back({"source", "count", records});
  return {{.thread_name = "t", .active_tasks = {task}}};
}

}  // namespace

TEST(Sampler, MakesARateOfACounter) {
  Metrics metrics;
  auto& processed =
      metrics.counter("millstream_records_processed_total", "", {{"subtopology", "0"}});
  Sampler sampler(metrics);
  sampler.step({}, 1000);
  processed.add(500);
  sampler.step({}, 2000);

  EXPECT_DOUBLE_EQ(sampler.samples().back().records_per_second, 500);
  EXPECT_EQ(sampler.totals().processed, 500);
}

TEST(Sampler, TellsCommittedFromAborted) {
  Metrics metrics;
  metrics.counter("millstream_commits_total", "", {{"outcome", "committed"}}).add(7);
  metrics.counter("millstream_commits_total", "", {{"outcome", "aborted"}}).add(2);

  EXPECT_EQ(anomaly::total(metrics).commits, 7);
  EXPECT_EQ(anomaly::total(metrics).aborts, 2);
}

TEST(Sampler, MakesRatesOfEdgesAndSources) {
  const Metrics metrics;
  Sampler sampler(metrics);
  sampler.step(one_task({0, 1}, 100), 0);
  sampler.step(one_task({0, 1}, 300), 2000);

  EXPECT_DOUBLE_EQ(sampler.edges().at({"source", "count"}), 100);
  EXPECT_DOUBLE_EQ(sampler.sources().at("in"), 100);
}

TEST(Sampler, DoesNotCountATaskThatHasJustCome) {
  const Metrics metrics;
  Sampler sampler(metrics);
  sampler.step(one_task({0, 1}, 100), 0);
  sampler.step(one_task({0, 2}, 1'000'000), 1000);  // moved here, or opened anew

  EXPECT_DOUBLE_EQ(sampler.edges().at({"source", "count"}), 0);
}

TEST(Sampler, ShowsQuantilesOfTheLastSecondsOnly) {
  Metrics metrics;
  auto& latency = metrics.histogram("anomaly_end_to_end_seconds", "", {0.1, 1, 10});
  latency.observe(5, 1000);
  Sampler sampler(metrics);
  sampler.step({}, 0);
  EXPECT_FALSE(sampler.samples().back().end_to_end.observed);

  latency.observe(0.05, 100);
  sampler.step({}, 1000);
  EXPECT_TRUE(sampler.samples().back().end_to_end.observed);
  EXPECT_LE(sampler.samples().back().end_to_end.p99, 0.1);

  for (int second = 2; second < 14; ++second) sampler.step({}, second * 1000);
  EXPECT_FALSE(sampler.samples().back().end_to_end.observed);
}

TEST(Sampler, KeepsFiveMinutes) {
  const Metrics metrics;
  Sampler sampler(metrics);
  for (int second = 0; second < 400; ++second) sampler.step({}, second * 1000);

  EXPECT_EQ(sampler.samples().size(), 300U);
  EXPECT_EQ(sampler.samples().front().time_ms, 100'000);
}
