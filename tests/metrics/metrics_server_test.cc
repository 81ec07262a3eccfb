#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <millstream/core/metrics.h>
#include <millstream/metrics/metrics_server.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "../http/http_client.h"

namespace millstream {
namespace {

using ::millstream::testing::request;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(PrometheusText, WritesCountersAndGauges) {
  Metrics metrics;
  metrics.counter("events_processed_total", "Records scored.", {{"topic", "a\"b\\c\nd"}}).add(3);
  metrics.gauge("lag_records", "Records behind.").set(2.5);

  EXPECT_EQ(to_prometheus_text(metrics),
            "# HELP events_processed_total Records scored.\n"
            "# TYPE events_processed_total counter\n"
            "events_processed_total{topic=\"a\\\"b\\\\c\\nd\"} 3\n"
            "# HELP lag_records Records behind.\n"
            "# TYPE lag_records gauge\n"
            "lag_records 2.5\n");
}

TEST(PrometheusText, WritesHistogramsCumulatively) {
  Metrics metrics;
  Histogram& latency = metrics.histogram("latency_seconds", "How long.", {0.5, 1.0});
  latency.observe(0.25, 2);
  latency.observe(0.75);
  latency.observe(2);

  const std::string text = to_prometheus_text(metrics);

  EXPECT_THAT(text, HasSubstr("# TYPE latency_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr("latency_seconds_count 4\n"));
  EXPECT_THAT(text, HasSubstr("latency_seconds_sum 3.25\n"));
  EXPECT_THAT(text, HasSubstr("latency_seconds_bucket{le=\"0.5\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("latency_seconds_bucket{le=\"1\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("latency_seconds_bucket{le=\"+Inf\"} 4\n"));
}

TEST(PrometheusText, WritesOneHeadForAllLabelsOfAName) {
  Metrics metrics;
  metrics.counter("records_total", "Records.", {{"topic", "a"}}).add(1);
  metrics.counter("records_total", "Records.", {{"topic", "b"}}).add(2);

  EXPECT_THAT(to_prometheus_text(metrics),
              EndsWith("# TYPE records_total counter\nrecords_total{topic=\"a\"} 1\n"
                       "records_total{topic=\"b\"} 2\n"));
}

TEST(PrometheusText, IsEmptyForNoMetrics) { EXPECT_EQ(to_prometheus_text(Metrics()), ""); }

TEST(PrometheusText, SatisfiesPromtool) {
  if (std::system("command -v promtool > /dev/null") != 0) GTEST_SKIP() << "no promtool";
  Metrics metrics;
  metrics.counter("events_processed_total", "Records scored.").add(3);
  metrics.gauge("lag_records", "Records behind.").set(-1);
  metrics.histogram("latency_seconds", "How long.", {0.5, 1.0}).observe(0.7);

  FILE* promtool = ::popen("promtool check metrics", "w");
  ASSERT_NE(promtool, nullptr);
  const std::string text = to_prometheus_text(metrics);
  std::fwrite(text.data(), 1, text.size(), promtool);

  EXPECT_EQ(::pclose(promtool), 0);
}

TEST(MetricsServer, ServesTheMetricsAsTheyAre) {
  Metrics metrics;
  Counter& events = metrics.counter("events_processed_total", "Records scored.");
  MetricsServer server(metrics, {});
  ASSERT_TRUE(server.start());

  events.add(7);
  const std::string answer = request(server.port(), "GET /metrics");

  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(answer, HasSubstr("\nevents_processed_total 7\n"));
  EXPECT_EQ(server.url(), "http://127.0.0.1:" + std::to_string(server.port()) + "/metrics");
}

TEST(MetricsServer, HasHealthChecksAndAsksForItsToken) {
  const Metrics metrics;
  MetricsServer server(metrics, {.token = "0123456789abcdef"}, [] { return false; });
  ASSERT_TRUE(server.start());

  EXPECT_THAT(request(server.port(), "GET /metrics"), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(request(server.port(), "GET /livez"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(request(server.port(), "GET /readyz"), StartsWith("HTTP/1.1 503"));
}

TEST(MetricsServer, NamesAnAddressThatIsInUse) {
  const Metrics metrics;
  MetricsServer first(metrics, {});
  ASSERT_TRUE(first.start());

  MetricsServer second(metrics, {.port = first.port()});
  const Status started = second.start();

  ASSERT_FALSE(started);
  EXPECT_THAT(std::string(started.error().message()), HasSubstr("choose another port"));
}

}  // namespace
}  // namespace millstream
