#include "api_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

using anomaly::Alert;
using anomaly::IncidentFate;
using anomaly::RecentResults;
using anomaly::Score;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

namespace {

constexpr std::int64_t kGap = 100;

Score score(std::int64_t time, double value, const std::string& series = "s") {
  return {.series = series,
          .timestamp_ms = time,
          .value = value * 10,
          .score = value,
          .threshold = 0.5,
          .anomaly = value > 0.5};
}

Alert alert(std::int64_t start, std::int64_t end, const std::string& series = "s") {
  return {.id = series + "-" + std::to_string(start),
          .series = series,
          .start_ms = start,
          .end_ms = end};
}

}  // namespace

TEST(RecentResults, PutAnomaliesThatAreNearIntoOneIncident) {
  RecentResults results(kGap);
  results.add_score(score(10, 0.6), 1);
  results.add_score(score(20, 0.1), 2);
  results.add_score(score(60, 0.9), 3);
  results.add_score(score(500, 0.7), 4);

  const auto incidents = results.incidents(10);

  ASSERT_THAT(incidents, SizeIs(2));
  EXPECT_EQ(incidents[0].start_ms, 500);  // the latest first
  EXPECT_EQ(incidents[1].start_ms, 10);
  EXPECT_EQ(incidents[1].end_ms, 60);
  EXPECT_EQ(incidents[1].count, 2);
  EXPECT_EQ(incidents[1].peak.score, 0.9);
  EXPECT_EQ(incidents[1].fate, IncidentFate::kOpen);
}

TEST(RecentResults, DrawAnIncidentWithWhatCameBeforeAndAfter) {
  RecentResults results(kGap, {.before = 3});
  for (int time = 0; time < 10; ++time) results.add_score(score(time, 0.1), 1);
  results.add_score(score(10, 0.9), 2);
  results.add_score(score(11, 0.2), 3);
  results.add_score(score(300, 0.2), 4);  // beyond the gap: not part of it

  const auto points = results.incidents(1).at(0).points;

  std::vector<std::int64_t> times;
  for (const auto& point : points) times.push_back(point.timestamp_ms);
  EXPECT_THAT(times, ElementsAre(8, 9, 10, 11));
  EXPECT_TRUE(points[2].anomaly);
}

TEST(RecentResults, KeepTheStrongestPointsOfALongIncident) {
  RecentResults results(kGap, {.before = 2, .incident_points = 20});
  for (int time = 0; time < 500; ++time) {
    results.add_score(score(time, time == 333 ? 0.99 : 0.6), 1);
  }

  const auto incident = results.incidents(1).at(0);

  EXPECT_EQ(incident.count, 500);
  EXPECT_LE(incident.points.size(), 20U);
  EXPECT_EQ(incident.peak.timestamp_ms, 333);
  EXPECT_TRUE(std::any_of(incident.points.begin(), incident.points.end(),
                          [](const auto& point) { return point.score == 0.99; }));
}

TEST(RecentResults, TellSeriesApart) {
  RecentResults results(kGap);
  results.add_score(score(10, 0.6, "a"), 1);
  results.add_score(score(11, 0.6, "b"), 2);

  EXPECT_THAT(results.incidents(10), SizeIs(2));
  EXPECT_THAT(results.incidents(10, "a"), SizeIs(1));
  EXPECT_THAT(results.series(), ElementsAre("a", "b"));
}

TEST(RecentResults, SayWhetherAnAlertWentOutAndWasMailed) {
  RecentResults results(kGap);
  results.add_score(score(10, 0.6), 1);
  results.add_score(score(20, 0.6), 2);
  results.add_alert(alert(10, 20), 3);

  EXPECT_EQ(results.incidents(1).at(0).fate, IncidentFate::kAlerted);
  EXPECT_EQ(results.incidents(1).at(0).alert_id, "s-10");

  results.note_mailed({"s-10"});

  EXPECT_EQ(results.incidents(1).at(0).fate, IncidentFate::kMailed);
  EXPECT_TRUE(results.alerts(1).at(0).mailed);
}

TEST(RecentResults, KnowAnAlertThatCameBeforeItsAnomalies) {
  RecentResults results(kGap);
  results.add_alert(alert(10, 20), 1);
  results.add_score(score(10, 0.6), 2);

  EXPECT_EQ(results.incidents(1).at(0).fate, IncidentFate::kAlerted);
}

TEST(RecentResults, TakeAnAnomalyWhoseScoreWasPassedOver) {
  RecentResults results(kGap);
  results.add_score(score(10, 0.1), 1);
  results.add_score(score(900, 0.1), 2);
  results.add_anomaly(score(400, 0.8), 3);
  results.add_anomaly(score(950, 0.8), 4);  // ahead: its score will come

  const auto incidents = results.incidents(10);

  ASSERT_THAT(incidents, SizeIs(1));
  EXPECT_EQ(incidents[0].start_ms, 400);
}

TEST(RecentResults, CountAnAnomalyOfBothTopicsOnce) {
  RecentResults results(kGap);
  results.add_score(score(10, 0.6), 1);
  results.add_anomaly(score(10, 0.6), 2);

  EXPECT_EQ(results.incidents(1).at(0).count, 1);
}

TEST(RecentResults, AreBounded) {
  RecentResults results(kGap, {.incidents = 3, .alerts = 2, .series = 4, .points = 5});
  for (int i = 0; i < 50; ++i) {
    results.add_score(score(i * 1000, 0.9, "s" + std::to_string(i % 10)), i);
    results.add_score(score(i * 1000 + 1, 0.1, "s0"), i);
    results.add_alert(alert(i, i), i);
  }

  EXPECT_THAT(results.incidents(100), SizeIs(3));
  EXPECT_THAT(results.alerts(100), SizeIs(2));
  EXPECT_THAT(results.series(), SizeIs(4));
  EXPECT_LE(results.points("s0").size(), 5U);
}

TEST(RecentResults, HaveNothingOfASeriesThatNobodyKnows) {
  EXPECT_THAT(RecentResults(kGap).points("nobody"), IsEmpty());
}

TEST(RecentResults, HandOutOnlyWhatHasChangedSince) {
  RecentResults results(kGap);
  results.add_score(score(10, 0.6, "a"), 1);
  const std::uint64_t before = results.version();
  results.add_score(score(10, 0.6, "b"), 2);

  const auto changed = results.incidents(10, {}, before);

  ASSERT_THAT(changed, SizeIs(1));
  EXPECT_EQ(changed[0].series, "b");
}
