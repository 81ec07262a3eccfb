#include <millstream/core/ids.h>
#include <millstream/core/log.h>
#include <millstream/core/metrics.h>
#include <millstream/core/time.h>

#include <gtest/gtest.h>

#include <vector>

namespace millstream {
namespace {

TEST(Metrics, GiveTheSameMetricForTheSameNameAndLabels) {
  Metrics metrics;
  metrics.counter("records_total", "Records.", {{"topic", "a"}}).add(2);
  metrics.counter("records_total", "Records.", {{"topic", "a"}}).add(3);
  metrics.counter("records_total", "Records.", {{"topic", "b"}}).add();
  std::vector<std::uint64_t> values;
  metrics.visit([&](std::string_view, std::string_view, const Metrics::Sample& sample) {
    values.push_back(sample.counter->value());
  });
  EXPECT_EQ(values, (std::vector<std::uint64_t>{5, 1}));
}

TEST(Histogram, InterpolatesQuantilesWithinABucket) {
  Histogram histogram({1, 2, 4});
  histogram.observe(0.5, 50);
  histogram.observe(3, 50);
  EXPECT_DOUBLE_EQ(histogram.quantile(0.25), 0.5);
  EXPECT_DOUBLE_EQ(histogram.quantile(0.75), 3);
  EXPECT_DOUBLE_EQ(histogram.sum(), 175);
}

TEST(TaskId, IsWrittenAsInKafkaStreams) {
  EXPECT_EQ((TaskId{0, 3}).to_string(), "0_3");
  EXPECT_EQ(TaskId::parse("12_7"), (TaskId{12, 7}));
  EXPECT_EQ(TaskId::parse("12"), std::nullopt);
  EXPECT_EQ(TaskId::parse("1_x"), std::nullopt);
  EXPECT_EQ(TaskId::parse("1_2_3"), std::nullopt);
}

TEST(Timestamp, SaturatesInsteadOfOverflowing) {
  EXPECT_EQ(Timestamp::max() + Duration(1), Timestamp::max());
  EXPECT_EQ(Timestamp::min() - Duration(1), Timestamp::min());
  EXPECT_EQ(Timestamp(5) - Timestamp(2), Duration(3));
}

TEST(Logfmt, QuotesWhatNeedsIt) {
  const std::vector<LogField> fields{{"a", "plain"}, {"b", "two words"}, {"c", "a\"b\nc"}};
  EXPECT_EQ(to_logfmt(LogLevel::kInfo, "it happens", fields),
            R"(level=info event="it happens" a=plain b="two words" c="a\"b\nc")");
}

}  // namespace
}  // namespace millstream
