#include "alert_batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "alert_samples.h"

namespace anomaly {
namespace {

using millstream::Config;
using millstream::Duration;
using millstream::Timestamp;
using Accepted = AlertBatcher::Accepted;

Timestamp at(std::int64_t seconds) { return Timestamp(1'000'000'000'000 + seconds * 1000); }
Duration seconds(std::int64_t count) { return Duration(count * 1000); }

std::vector<std::string> ids(const std::optional<AlertBatch>& batch) {
  std::vector<std::string> out;
  if (batch) {
    for (const AlertNotice& notice : batch->alerts) out.push_back(notice.id);
  }
  return out;
}

using Ids = std::vector<std::string>;

AlertOptions options() {
  return {
      .group_wait = seconds(30), .group_interval = seconds(300), .repeat_interval = seconds(3600)};
}

TEST(AlertBatcher, WaitsForTheRestOfANewGroup) {
  AlertBatcher batcher(options());
  batcher.add(sample_alert("1"), at(0));
  batcher.add(sample_alert("2"), at(29));

  EXPECT_EQ(batcher.next_due(), at(30));
  EXPECT_EQ(ids(batcher.take_due(at(29))), Ids{});
  EXPECT_EQ(ids(batcher.take_due(at(30))), (Ids{"1", "2"}));
  EXPECT_EQ(ids(batcher.take_due(at(30))), Ids{});
  EXPECT_EQ(batcher.next_due(), Timestamp::max());
}

TEST(AlertBatcher, KeepsTheIntervalWithinAGroup) {
  AlertBatcher batcher(options());
  batcher.add(sample_alert("1"), at(0));
  ASSERT_TRUE(batcher.take_due(at(30)));

  batcher.add(sample_alert("2"), at(31));
  batcher.add(sample_alert("3"), at(200));

  EXPECT_EQ(batcher.next_due(), at(330));
  EXPECT_EQ(ids(batcher.take_due(at(330))), (Ids{"2", "3"}));
}

TEST(AlertBatcher, ForgetsAGroupThatHasBeenQuiet) {
  AlertBatcher batcher(options());
  batcher.add(sample_alert("1"), at(0));
  ASSERT_TRUE(batcher.take_due(at(30)));

  batcher.add(sample_alert("2"), at(1000));

  EXPECT_EQ(batcher.next_due(), at(1030)) << "group_wait again";
}

TEST(AlertBatcher, GroupsByCategorySeriesLabelOrNothing) {
  AlertNotice one = sample_alert("1", "aws/a");
  AlertNotice two = sample_alert("2", "aws/b");
  AlertNotice three = sample_alert("3", "tweets/c");
  one.labels["team"] = three.labels["team"] = "x";
  const auto batches = [&](std::vector<std::string> group_by) {
    AlertBatcher batcher({.group_by = std::move(group_by), .group_wait = seconds(0)});
    for (const AlertNotice& notice : {one, two, three}) batcher.add(notice, at(0));
    std::vector<Ids> out;
    while (const auto batch = batcher.take_due(at(0))) out.push_back(ids(batch));
    std::sort(out.begin(), out.end());
    return out;
  };

  EXPECT_EQ(batches({"category"}), (std::vector<Ids>{{"1", "2"}, {"3"}}));
  EXPECT_EQ(batches({"series"}), (std::vector<Ids>{{"1"}, {"2"}, {"3"}}));
  EXPECT_EQ(batches({"team"}), (std::vector<Ids>{{"1", "3"}, {"2"}}));
  EXPECT_EQ(batches({"category", "team"}), (std::vector<Ids>{{"1"}, {"2"}, {"3"}}));
  EXPECT_EQ(batches({"..."}), (std::vector<Ids>{{"1"}, {"2"}, {"3"}}));
  EXPECT_EQ(batches({}), (std::vector<Ids>{{"1", "2", "3"}}));
}

TEST(AlertBatcher, DropsLowScoresAndNaN) {
  AlertOptions with_floor = options();
  with_floor.min_score = 0.5;
  AlertBatcher batcher(with_floor);

  EXPECT_EQ(batcher.add(sample_alert("1", "s", 0.49), at(0)), Accepted::kTooLow);
  EXPECT_EQ(batcher.add(sample_alert("2", "s", std::nan("")), at(0)), Accepted::kTooLow);
  EXPECT_EQ(batcher.add(sample_alert("3", "s", 0.5), at(0)), Accepted::kNew);
  EXPECT_EQ(batcher.waiting(), 1U);
}

TEST(AlertBatcher, DropsWhatWasTold) {
  AlertBatcher batcher(options());
  batcher.add(sample_alert("1"), at(0));
  ASSERT_TRUE(batcher.take_due(at(30)));

  EXPECT_EQ(batcher.add(sample_alert("1"), at(40)), Accepted::kDuplicate);
  EXPECT_EQ(batcher.add(sample_alert("1"), at(100'000)), Accepted::kDuplicate)
      << "a replay isn't a repeat";
  EXPECT_EQ(batcher.waiting(), 0U);
}

TEST(AlertBatcher, TellsAgainWhatHasGrownAfterTheRepeatInterval) {
  AlertBatcher batcher(options());
  batcher.add(sample_alert("1"), at(0));
  ASSERT_TRUE(batcher.take_due(at(30)));
  AlertNotice grown = sample_alert("1");
  grown.end = grown.end + seconds(60);

  EXPECT_EQ(batcher.add(grown, at(40)), Accepted::kGrown);
  batcher.add(sample_alert("2"), at(50));

  EXPECT_EQ(ids(batcher.take_due(at(330))), Ids{"2"}) << "1 must wait longer";
  EXPECT_EQ(batcher.next_due(), at(3630));
  EXPECT_EQ(ids(batcher.take_due(at(3630))), Ids{"1"});
}

TEST(AlertBatcher, KeepsTheNewestFormOfWhatWaits) {
  AlertBatcher batcher(options());
  batcher.add(sample_alert("1"), at(0));
  AlertNotice grown = sample_alert("1");
  grown.count = 12;
  batcher.add(grown, at(1));

  const auto batch = batcher.take_due(at(30));

  ASSERT_EQ(ids(batch), Ids{"1"});
  EXPECT_EQ(batch->alerts[0].count, 12);
}

TEST(AlertBatcher, PutsTogetherWhatWouldExceedTheHour) {
  AlertOptions limited = options();
  limited.group_by = {"series"};
  limited.max_per_hour = 2;
  AlertBatcher batcher(limited);
  for (const char* id : {"1", "2", "3"}) batcher.add(sample_alert(id, id), at(0));

  EXPECT_EQ(ids(batcher.take_due(at(30))), Ids{"1"});
  EXPECT_EQ(ids(batcher.take_due(at(30))), (Ids{"2", "3"})) << "the last mail takes the rest";
  batcher.add(sample_alert("4", "x"), at(40));
  batcher.add(sample_alert("5", "y"), at(50));
  EXPECT_EQ(ids(batcher.take_due(at(3629))), Ids{});
  EXPECT_EQ(batcher.next_due(), at(3630));
  EXPECT_EQ(ids(batcher.take_due(at(3630))), Ids{"4"}) << "two are allowed again";
  EXPECT_EQ(ids(batcher.take_due(at(3630))), Ids{"5"});
}

TEST(AlertBatcher, GoesOnWhereItWas) {
  AlertBatcher before(options());
  before.add(sample_alert("1"), at(0));
  before.add(sample_alert("2", "tweets/x"), at(10));
  ASSERT_TRUE(before.take_due(at(30)));

  AlertBatcher after(options());
  after.restore(before.state());

  EXPECT_EQ(after.add(sample_alert("1"), at(31)), Accepted::kDuplicate);
  EXPECT_EQ(ids(after.take_due(at(40))), Ids{"2"});
}

TEST(AlertOptions, ReadDurations) {
  EXPECT_EQ(*parse_duration("30s"), Duration(30'000));
  EXPECT_EQ(*parse_duration("1h30m"), Duration(5'400'000));
  EXPECT_EQ(*parse_duration("2d"), Duration(172'800'000));
  EXPECT_EQ(*parse_duration("250ms"), Duration(250));
  EXPECT_EQ(*parse_duration("1500"), Duration(1500));
  EXPECT_EQ(*parse_duration("0"), Duration(0));
  for (const char* text : {"", "x", "5x", "-5s", "5 s", "s", "1h30", "99999999999999999999s",
                           "1000d", "9223372036854775807d"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(AlertOptions, ReadTheConfiguration) {
  const auto read = AlertOptions::from({{"alert.group_by", "series, team"},
                                        {"alert.group_wait", "1s"},
                                        {"alert.repeat_interval", "1d"},
                                        {"alert.min_score", "0.7"},
                                        {"alert.max_per_hour", "0"}});

  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->group_by, (std::vector<std::string>{"series", "team"}));
  EXPECT_EQ(read->group_wait, seconds(1));
  EXPECT_EQ(read->repeat_interval, seconds(86'400));
  EXPECT_EQ(read->min_score, 0.7);
  EXPECT_EQ(read->max_per_hour, 0U);
  EXPECT_FALSE(AlertOptions::from({{"alert.max_per_hour", "-1"}}));
  EXPECT_THAT(std::string(AlertOptions::from({{"alert.group_wait", "soon"}}).error().message()),
              ::testing::StartsWith("alert.group_wait: \"soon\""));
}

}  // namespace
}  // namespace anomaly
