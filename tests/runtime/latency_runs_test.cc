#include "latency_runs.h"

#include <gtest/gtest.h>

namespace millstream {
namespace {

std::uint64_t observations(const Histogram& histogram) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i <= histogram.bounds().size(); ++i) sum += histogram.count(i);
  return sum;
}

TEST(LatencyRuns, ObservesEachRecordAtItsAge) {
  LatencyRuns runs;
  Histogram seconds({0.1, 1.0});
  runs.note(Timestamp(1000));
  runs.note(Timestamp(1000));
  runs.note(Timestamp(1950));
  runs.submit();

  runs.observe(Timestamp(2000), seconds);

  EXPECT_EQ(seconds.count(0), 1U);  // 0.05 s
  EXPECT_EQ(seconds.count(1), 2U);  // 1 s
  EXPECT_DOUBLE_EQ(seconds.sum(), 2.05);
}

TEST(LatencyRuns, ForgetsWhatItHasObservedAndWhatWasAborted) {
  LatencyRuns runs;
  Histogram seconds({1.0});
  runs.note(Timestamp(5));
  runs.submit();
  runs.observe(Timestamp(10), seconds);
  runs.note(Timestamp(6));
  runs.clear();
  runs.submit();

  runs.observe(Timestamp(10), seconds);

  EXPECT_EQ(observations(seconds), 1U);
}

TEST(LatencyRuns, WhatCameAfterTheCommitWasSubmittedIsObservedWithTheNext) {
  LatencyRuns runs;
  Histogram seconds({0.1, 1.0});
  runs.note(Timestamp(1000));
  runs.submit();
  runs.note(Timestamp(1990));

  runs.observe(Timestamp(2000), seconds);

  EXPECT_EQ(seconds.count(0), 0U);
  EXPECT_EQ(seconds.count(1), 1U);
  runs.submit();
  runs.observe(Timestamp(2000), seconds);
  EXPECT_EQ(seconds.count(0), 1U);
}

TEST(LatencyRuns, CountsARecordOfTheFutureAsNew) {
  LatencyRuns runs;
  Histogram seconds({0.1});
  runs.note(Timestamp(5000));
  runs.submit();

  runs.observe(Timestamp(10), seconds);

  EXPECT_EQ(seconds.count(0), 1U);
  EXPECT_EQ(seconds.sum(), 0);
}

TEST(LatencyRuns, StaysExactInNumberAndCloseInAgeWhenThereAreMany) {
  constexpr std::int64_t kRecords = 200'000;
  LatencyRuns runs;
  Histogram seconds({1000.0});
  for (std::int64_t i = 0; i < kRecords; ++i) runs.note(Timestamp(i));  // each another millisecond
  runs.submit();

  runs.observe(Timestamp(kRecords), seconds);

  EXPECT_EQ(observations(seconds), static_cast<std::uint64_t>(kRecords));
  EXPECT_NEAR(seconds.sum() / kRecords, 100.0, 2.0);  // on average half of 200 s
}

}  // namespace
}  // namespace millstream
