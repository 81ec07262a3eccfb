#include "results.h"

#include <gmock/gmock.h>

#include "incident.h"
#include "report.h"

using anomaly::Alert;
using anomaly::DataSet;
using anomaly::Latencies;
using anomaly::Results;
using anomaly::Score;
using testing::HasSubstr;
using testing::Not;

namespace {

Score score(std::string series, std::int64_t timestamp, double value) {
  return {.series = std::move(series),
          .timestamp_ms = timestamp,
          .value = value,
          .score = value,
          .threshold = 0.5,
          .anomaly = value > 0.5};
}

}  // namespace

TEST(ScoreLines, AreSortedAndNumbersReadBack) {
  Results results;
  results.add(score("b", 5, 0.1 + 0.2));
  results.add(score("a", 10, 1));
  results.add(score("a", 9, 0));
  EXPECT_EQ(score_lines(results), "a,10,1\na,9,0\nb,5,0.30000000000000004\n");
}

TEST(ScoreLines, HaveTheDigestThatSha256sumPrints) {
  EXPECT_EQ(anomaly::digest_of_lines("a,10,1\n"),
            "afc68592bb7b43f23d7889aae105fef4174106b7a0ec96ef2f850d8677e3d3c1");
}

TEST(LatenciesQuantile, IsNothingWithoutRecordsAndExactWithThem) {
  Latencies latencies;
  EXPECT_FALSE(latencies.quantile(0.5));
  for (int ms = 1; ms <= 100; ++ms) latencies.add(ms);
  EXPECT_EQ(latencies.quantile(0.5), 50);
  EXPECT_EQ(latencies.quantile(0.99), 99);
  EXPECT_EQ(latencies.quantile(1), 100);
}

TEST(Incident, IsTheSameInWhateverOrderItsScoresCome) {
  const Score low = score("s", 100, 0.6);
  const Score high = score("s", 50, 0.9);
  const Score other = score("s", 75, 0.9);
  const Alert ab = add_to_incident(high, add_to_incident(low, Alert()));
  const Alert c = add_to_incident(other, Alert());

  const Alert merged = merge_incidents(ab, c);

  EXPECT_EQ(merged, merge_incidents(c, ab));
  EXPECT_EQ(merged, add_to_incident(low, add_to_incident(other, add_to_incident(high, Alert()))));
  EXPECT_EQ(merged.count, 3);
  EXPECT_EQ(merged.start_ms, 50);
  EXPECT_EQ(merged.end_ms, 100);
  EXPECT_EQ(merged.peak_ms, 50) << "the first of equal peaks";
  EXPECT_EQ(merge_incidents(Alert(), merged), merged);
}

TEST(Incident, HasAnIdThatFollowsFromSeriesAndStart) {
  const millstream::Window session{millstream::Timestamp(5), millstream::Timestamp(9)};
  const millstream::Window longer{millstream::Timestamp(5), millstream::Timestamp(10)};
  const std::string id = finish_incident("s", session, Alert()).id;
  EXPECT_EQ(id.size(), 16U);
  EXPECT_EQ(finish_incident("s", longer, Alert()).id, id);
  EXPECT_NE(finish_incident("t", session, Alert()).id, id);
}

TEST(Report, IsCompleteInItself) {
  DataSet data;
  data.series.push_back({.name = "a/<b>",
                         .points = {{.timestamp_ms = 0, .value = 1}, {.timestamp_ms = 60'000}},
                         .windows = {{.first = 0, .last = 1}}});
  Results results;
  results.add(score("a/<b>", 0, 0.9));
  results.add(score("a/<b>", 60'000, 0.1));
  results.alerts.push_back(finish_incident("a/<b>",
                                           {millstream::Timestamp(0), millstream::Timestamp(0)},
                                           add_to_incident(score("a/<b>", 0, 0.9), Alert())));

  const std::string page = make_report(data, results, {.title = "T & t"});

  EXPECT_THAT(page, HasSubstr("<svg"));
  EXPECT_THAT(page, HasSubstr("prefers-color-scheme"));
  EXPECT_THAT(page, HasSubstr("a/&lt;b&gt;"));
  EXPECT_THAT(page, HasSubstr("T &amp; t"));
  EXPECT_THAT(page, HasSubstr("1 of 1"));
  for (const char* reference :
       {"http://", "https://", "src=", "url(", "@import", "<script", "<b>\""}) {
    EXPECT_THAT(page, Not(HasSubstr(reference)));
  }
}
