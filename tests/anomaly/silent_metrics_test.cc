// Metrics that fall silent in the middle of an incident.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <millstream/core/serdes.h>
#include <millstream/forest/random.h>
#include <millstream/testing/topology_test_driver.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "detector_topology.h"

namespace anomaly {
namespace {

using millstream::Duration;
using millstream::TopologyTestDriver;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

/// A detector that has seen, as it happened, a wave and then the beginning of a burst, and nothing
/// since. What it told of the wave is of no interest.
class InABurst {
 public:
  explicit InABurst(const DetectorOptions& options)
      : driver_(*make_detector_topology(options, nullptr)) {
    driver_.advance_wall_clock_time(Duration(600 * 300'000));
    millstream::forest::Random random(1);
    for (int row = 0; row < 600; ++row) {
      const double value = std::sin(row / 20.0) + random.uniform() + (row >= 595 ? 30 : 0);
      metrics_.pipe_input(
          "s", Metric{.series = "s", .timestamp_ms = row * std::int64_t{300'000}, .value = value});
    }
    static_cast<void>(alerts());
  }
  void wait(Duration duration) { driver_.advance_wall_clock_time(duration); }
  std::vector<std::pair<std::string, Alert>> alerts() { return alerts_.read_key_values(); }
  std::vector<std::pair<std::string, Score>> anomalies() { return anomalies_.read_key_values(); }

 private:
  TopologyTestDriver driver_;
  millstream::TestInputTopic<std::string, Metric> metrics_ =
      driver_.create_input_topic<std::string, Metric>("metrics");
  millstream::TestOutputTopic<std::string, Alert> alerts_ =
      driver_.create_output_topic<std::string, Alert>("alerts");
  millstream::TestOutputTopic<std::string, Score> anomalies_ =
      driver_.create_output_topic<std::string, Score>("anomalies");
};

DetectorOptions options_with(std::optional<Duration> idle_timeout) {
  return {.idle_timeout = idle_timeout,
          .detector = {.kind = DetectorKind::kOnline,
                       .online = {.trees = 8, .sample = 64, .window = 300, .seed = 7}}};
}

TEST(SilentMetrics, TellTheirIncidentWhenItIsOverByTheClock) {
  InABurst detector(options_with(30s));

  detector.wait(90min);
  ASSERT_THAT(detector.alerts(), IsEmpty());
  detector.wait(40min);  // the gap of two hours is over

  const auto alerts = detector.alerts();
  ASSERT_THAT(alerts, SizeIs(1));
  EXPECT_EQ(alerts[0].second.end_ms, detector.anomalies().back().second.timestamp_ms);
}

TEST(SilentMetrics, HoldTheirIncidentOpenWhereNobodyAsked) {
  InABurst detector(options_with(std::nullopt));

  detector.wait(std::chrono::hours(1000));

  EXPECT_THAT(detector.alerts(), IsEmpty());
  EXPECT_GE(detector.anomalies().back().second.timestamp_ms, 595 * 300'000);  // the burst was seen
}

TEST(DetectorOptions, TakeTheIdleTimeoutFromTheSettings) {
  EXPECT_EQ(DetectorOptions::from({{"anomaly.idle.timeout.ms", "30000"}})->idle_timeout, 30s);
  EXPECT_EQ(DetectorOptions::from({})->idle_timeout, std::nullopt);
}

}  // namespace
}  // namespace anomaly
