#include "data_set.h"

#include <gmock/gmock.h>

#include "data_files.h"
#include "merged_records.h"
#include "temp_folder.h"

using anomaly::load_data_set;
using anomaly::MergedRecords;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

constexpr const char* kFirst = "timestamp,value\n2020-01-01 00:00:00,1\n2020-01-01 00:10:00,2\n";
constexpr const char* kSecond = "timestamp,value\n2020-01-01 00:00:00,3\n2020-01-01 00:05:00,4\n";

std::vector<std::string> names(const anomaly::DataSet& data) {
  std::vector<std::string> out;
  for (const auto& series : data.series) out.push_back(series.name);
  return out;
}

std::vector<double> merged_values(const anomaly::DataSet& data) {
  std::vector<double> values;
  MergedRecords records(data);
  while (const auto record = records.next()) {
    values.push_back(record->point != nullptr ? record->point->value : -1);
  }
  return values;
}

}  // namespace

TEST(DataSet, TakesNabsLayoutWithItsLabels) {
  const TempFolder folder;
  folder.write("data/b/two.csv", kSecond);
  folder.write("data/a/one.csv", kFirst);
  folder.write("labels/combined_windows.json",
               R"({"a/one.csv": [["2020-01-01 00:10:00.000000", "2020-01-01 00:10:00.000000"]]})");

  const auto data = load_data_set(folder.path());

  ASSERT_TRUE(data);
  EXPECT_THAT(names(*data), ElementsAre("a/one", "b/two"));
  EXPECT_EQ(data->windows(), 1U);
  EXPECT_FALSE(data->series[0].is_labelled(data->series[0].points[0].timestamp_ms));
  EXPECT_TRUE(data->series[0].is_labelled(data->series[0].points[1].timestamp_ms));
}

TEST(DataSet, TakesAFileAFolderOrAPattern) {
  const TempFolder folder;
  folder.write("cpu/one.csv", kFirst);
  folder.write("cpu/two.csv", kSecond);
  folder.write("cpu/notes.txt", "none");

  EXPECT_THAT(names(*load_data_set(folder.path() / "cpu" / "one.csv")), ElementsAre("cpu/one"));
  EXPECT_THAT(names(*load_data_set(folder.path() / "cpu")), ElementsAre("cpu/one", "cpu/two"));
  EXPECT_THAT(names(*load_data_set(folder.path())), ElementsAre("cpu/one", "cpu/two"));
  EXPECT_THAT(names(*load_data_set(folder.path() / "cpu" / "t*.csv")), ElementsAre("cpu/two"));
}

TEST(DataSet, SaysWhereNothingWasFound) {
  const TempFolder folder;
  const auto data = load_data_set(folder.path() / "nowhere");
  ASSERT_FALSE(data);
  EXPECT_EQ(data.error().kind(), millstream::ErrorKind::kUser);
  EXPECT_THAT(std::string(data.error().message()), HasSubstr("nowhere holds no CSV files"));
}

TEST(DataSet, LeavesOutAFileWithAnotherHeaderAndSaysSo) {
  const TempFolder folder;
  folder.write("cpu/one.csv", kFirst);
  folder.write("cpu/two.csv", "a,b,c\n1,2,3\n");

  const auto data = load_data_set(folder.path() / "cpu");

  ASSERT_TRUE(data);
  EXPECT_THAT(names(*data), ElementsAre("cpu/one"));
  EXPECT_THAT(data->warnings, ElementsAre(HasSubstr("two.csv:1: the header")));
}

TEST(DataSet, FingerprintFollowsTheContentNotThePlace) {
  const TempFolder one;
  const TempFolder other;
  one.write("cpu/one.csv", kFirst);
  other.write("cpu/one.csv", kFirst);
  const auto before = load_data_set(other.path())->fingerprint();
  EXPECT_EQ(load_data_set(one.path())->fingerprint(), before);

  other.write("cpu/one.csv", kSecond);

  EXPECT_NE(load_data_set(other.path())->fingerprint(), before);
}

TEST(MergedRecords, AreOrderedByTimeThenBySeries) {
  const TempFolder folder;
  folder.write("a/one.csv", kFirst);
  folder.write("a/two.csv", kSecond);
  EXPECT_THAT(merged_values(*load_data_set(folder.path())), ElementsAre(1, 3, 4, 2));
}

TEST(MergedRecords, KeepTheOrderOfAFileThatGoesBackInTime) {
  const TempFolder folder;
  folder.write("a/one.csv",
               "timestamp,value\n2020-01-01 00:10:00,1\n2020-01-01 00:00:00,2\n"
               "2020-01-01 00:20:00,3\n");
  folder.write("a/two.csv", "timestamp,value\n2020-01-01 00:15:00,4\n");
  EXPECT_THAT(merged_values(*load_data_set(folder.path())), ElementsAre(1, 2, 4, 3));
}

TEST(MergedRecords, HaveBadLinesInTheirPlaces) {
  const TempFolder folder;
  folder.write("a/one.csv", "timestamp,value\nbad\n2020-01-01 00:00:00,1\nworse\n");
  EXPECT_THAT(merged_values(*load_data_set(folder.path())), ElementsAre(-1, 1, -1));
}

TEST(MergedRecords, ShiftTimesWhenTheyBeginAgain) {
  const TempFolder folder;
  folder.write("a/one.csv", kFirst);
  const auto data = load_data_set(folder.path());
  MergedRecords records(*data, {.loop = true});
  std::vector<std::int64_t> minutes;
  for (int i = 0; i < 4; ++i) {
    minutes.push_back((records.next()->timestamp_ms - 1'577'836'800'000) / 60'000);
  }
  EXPECT_THAT(minutes, ElementsAre(0, 10, 15, 25));
}

TEST(MergedRecords, StartAtATime) {
  const TempFolder folder;
  folder.write("a/one.csv", kFirst);
  const auto data = load_data_set(folder.path());
  MergedRecords records(*data, {.start = millstream::Timestamp(1'577'836'800'001)});
  EXPECT_EQ(records.next()->point->value, 2);
  EXPECT_FALSE(records.next());
}

TEST(Patterns, MatchStarsAndQuestionMarks) {
  using anomaly::matches_pattern;
  EXPECT_TRUE(matches_pattern("ec2_cpu.csv", "ec2*.csv"));
  EXPECT_TRUE(matches_pattern("a.csv", "?.csv"));
  EXPECT_FALSE(matches_pattern("ab.csv", "?.csv"));
  EXPECT_FALSE(matches_pattern("a.csv.gz", "*.csv"));
}
