#include "csv_series.h"

#include <gmock/gmock.h>

using anomaly::parse_csv;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(CsvSeries, ReadsTimestampsAndValues) {
  const auto series =
      parse_csv("timestamp,value\n2014-04-10 07:15:00,1.5\r\n2014-04-10 07:20:00.5,-2e3\n");
  ASSERT_TRUE(series);
  ASSERT_EQ(series->points.size(), 2U);
  EXPECT_EQ(series->points[0].timestamp_ms, 1'397'114'100'000);
  EXPECT_EQ(series->points[1].timestamp_ms, 1'397'114'400'500);
  EXPECT_EQ(series->points[1].value, -2000);
  EXPECT_THAT(series->bad_lines, IsEmpty());
}

TEST(CsvSeries, RefusesAnotherHeaderNamingTheLine) {
  const auto series = parse_csv("time;value\n");
  ASSERT_FALSE(series);
  EXPECT_THAT(std::string(series.error().message()), HasSubstr("1: the header is \"time;value\""));
}

struct BadLineCase {
  const char* line;
  const char* what;
};

class CsvSeriesBadLine : public testing::TestWithParam<BadLineCase> {};

TEST_P(CsvSeriesBadLine, IsSetAsideWithLineAndReasonAndTheRestGoesOn) {
  const std::string text = std::string("timestamp,value\n2014-04-10 07:15:00,1\n") +
                           GetParam().line + "\n2014-04-10 07:20:00,2\n";

  const auto series = parse_csv(text);

  ASSERT_TRUE(series);
  EXPECT_EQ(series->points.size(), 2U);
  ASSERT_EQ(series->bad_lines.size(), 1U);
  EXPECT_EQ(series->bad_lines[0].line, 3U);
  EXPECT_EQ(series->bad_lines[0].before_point, 1U);
  EXPECT_EQ(series->bad_lines[0].text, GetParam().line);
  EXPECT_THAT(series->bad_lines[0].what, HasSubstr(GetParam().what));
}

INSTANTIATE_TEST_SUITE_P(Kinds, CsvSeriesBadLine,
                         testing::Values(BadLineCase{"nonsense", "no comma"},
                                         BadLineCase{"2014-04-10 07:15:00,1,2", "more than two"},
                                         BadLineCase{"2014-04-10 07:15:00,", "missing"},
                                         BadLineCase{"2014-04-10 07:15:00,12x", "no number"},
                                         BadLineCase{"2014-04-10 07:15:00, 12", "no number"},
                                         BadLineCase{"2014-04-10 07:15:00,nan", "not finite"},
                                         BadLineCase{"2014-04-10 07:15:00,-inf", "not finite"},
                                         BadLineCase{"2014-04-10 07:15:00,1e999", "range"},
                                         BadLineCase{"1969-12-31 23:59:59,1", "before 1970"},
                                         BadLineCase{"2014-13-10 07:15:00,1", "2014-13-10"}));
