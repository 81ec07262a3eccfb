#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <millstream/forest/nab_corpus.h>
#include <millstream/forest/online_forest.h>
#include <millstream/forest/random.h>
#include <millstream/forest/window_features.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>
#include <string>

#include "test_data.h"

namespace millstream::forest {
namespace {

constexpr std::int64_t kFiveMinutes = 300'000;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double noise(Random& random) { return random.uniform() + random.uniform() - 1; }

OnlineForestOptions small_options() {
  return {.trees = 8, .sample = 64, .window = 300, .rebuild_every = 5, .seed = 1};
}

class OnlineVector : public ::testing::TestWithParam<const char*> {};

TEST_P(OnlineVector, HasTheFeaturesOfTheReference) {
  const auto path = std::filesystem::path(MILLSTREAM_SHARED_DATA) / "NAB/data" / GetParam();
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "no " << path;
  }
  const auto rows = testing::data_json("online_forest_vectors.json")["features"][GetParam()];
  const auto series = load_series(path, GetParam());
  OnlineForest forest(small_options(), GetParam());
  std::vector<OnlineScore> scores;
  for (const Point& point : series->points) {
    scores.push_back(forest.update(point.timestamp_ms, point.value));
  }

  for (const auto& row : rows) {
    const auto& features = scores[row[0].get<std::size_t>()].features;
    for (std::size_t f = 0; f < 3; ++f) {
      const double expected = row[f + 1];
      EXPECT_NEAR(features[f], expected, 1e-9 * std::max(1.0, std::abs(expected)))
          << "row " << row[0] << " feature " << f;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Series, OnlineVector,
                         ::testing::Values("realAWSCloudwatch/ec2_cpu_utilization_5f5533.csv",
                                           "realKnownCause/machine_temperature_system_failure.csv",
                                           "realTraffic/TravelTime_387.csv"));

TEST(OnlineForest, HasTheFeaturesOfBruteForce) {
  OnlineForest forest(small_options(), "s");
  Random random(4);
  auto hours = SeasonalResidual::hour_of_day();
  std::vector<double> values;
  std::vector<double> residuals;

  for (int i = 0; i < 1500; ++i) {
    values.push_back(10 * std::sin(i / 40.0) + noise(random));
    residuals.push_back(hours.update(i * kFiveMinutes, values.back()));
    const auto features = forest.update(i * kFiveMinutes, values.back()).features;
    const auto last = [](const std::vector<double>& all, std::size_t n) {
      return std::vector<double>(all.end() - static_cast<std::ptrdiff_t>(std::min(n, all.size())),
                                 all.end());
    };
    const auto twelve = last(values, 12);
    const auto mean = [](const std::vector<double>& all) {
      return std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
    };
    ASSERT_NEAR(features[0], mean(last(residuals, 3)), 1e-9) << i;
    ASSERT_NEAR(features[1], mean(twelve), 1e-9) << i;
    ASSERT_NEAR(features[3], mean(last(residuals, 48)), 1e-9) << i;
    ASSERT_EQ(features[4], *std::max_element(twelve.begin(), twelve.end())) << i;
    ASSERT_EQ(features[5], *std::min_element(twelve.begin(), twelve.end())) << i;
  }
}

TEST(OnlineForest, RaisesTheThresholdByAnAlarmAndLetsItFade) {
  const OnlineForestOptions options = small_options();
  OnlineForest forest(options, "s");
  Random random(3);
  for (int i = 0; i < 400; ++i) {
    forest.update(i * kFiveMinutes, noise(random));
  }
  double before = 0;
  OnlineScore score;
  for (int i = 400; i < 500 && !score.alarm; ++i) {
    before = score.threshold;
    score = forest.update(i * kFiveMinutes, 1000.0 + i);
  }
  ASSERT_TRUE(score.alarm);
  const double raised = score.threshold - options.threshold + options.rise;
  ASSERT_LT(before, options.threshold + options.rise);

  for (int i = 1; i <= 300; ++i) {
    score = forest.update((500 + i) * kFiveMinutes, 0.0);
    if (score.alarm) {
      break;
    }
    const double expected = options.threshold + raised * std::exp(-i / options.fade);
    ASSERT_NEAR(score.threshold, expected, 1e-9) << i;
  }
}

TEST(OnlineForest, AlarmsLessOftenOnRecurringBurstsIfAlarmsRaiseTheThreshold) {
  std::vector<int> alarms;
  for (const double rise : {0.0, 0.4}) {
    OnlineForest forest({.refractory = 20, .rise = rise, .seed = 3}, "bursts");
    Random random(5);
    int count = 0;
    for (int i = 0; i < 4000; ++i) {
      const double burst = i > 1000 && i % 150 < 3 ? 5 + 5 * random.uniform() : 0.0;
      count += forest.update(i * kFiveMinutes, noise(random) + burst).alarm ? 1 : 0;
    }
    alarms.push_back(count);
  }

  EXPECT_GT(alarms[1], 0);
  EXPECT_LT(alarms[1], alarms[0]);
}

TEST(OnlineForest, RaisesOneAlarmForABurst) {
  OnlineForest forest({.seed = 3}, "burst");
  Random random(5);
  std::vector<int> alarms;

  for (int i = 0; i < 2000; ++i) {
    const double burst = i >= 1500 && i < 1540 ? 8.0 : 0.0;
    if (forest.update(i * kFiveMinutes, 50 + noise(random) + burst).alarm && i > 500) {
      alarms.push_back(i);
    }
  }

  ASSERT_FALSE(alarms.empty());
  EXPECT_THAT(alarms,
              ::testing::Contains(::testing::AllOf(::testing::Ge(1500), ::testing::Lt(1512))));
  EXPECT_LE(alarms.size(), 2U);
}

TEST(OnlineForest, IsDeterministicBySeedAndSeries) {
  OnlineForest one(small_options(), "a");
  OnlineForest same(small_options(), "a");
  OnlineForest other(small_options(), "b");
  Random random(6);
  bool differs = false;

  for (int i = 0; i < 500; ++i) {
    const double value = noise(random);
    const double score = one.update(i * kFiveMinutes, value).score;
    EXPECT_EQ(score, same.update(i * kFiveMinutes, value).score);
    differs |= score != other.update(i * kFiveMinutes, value).score;
  }

  EXPECT_TRUE(differs);
}

TEST(OnlineForest, GoesOnBitForBitAfterARestoreAtAnyRecord) {
  OnlineForest whole(small_options(), "s");
  Random random(7);
  std::vector<Point> points;
  for (int i = 0; i < 1500; ++i) {
    points.push_back({i * kFiveMinutes, noise(random)});
  }

  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i % 61 == 0 || i == 99 || i == 100 || i == 101) {
      std::string state;
      whole.serialize(state);
      OnlineForest restored(small_options(), "s");
      ASSERT_TRUE(restored.deserialize(state));
      OnlineForest original = whole;
      for (std::size_t j = i; j < std::min(i + 60, points.size()); ++j) {
        const auto expected = original.update(points[j].timestamp_ms, points[j].value);
        const auto actual = restored.update(points[j].timestamp_ms, points[j].value);
        ASSERT_EQ(actual.score, expected.score) << i << " " << j;
        ASSERT_EQ(actual.alarm, expected.alarm);
      }
      std::string one;
      std::string two;
      original.serialize(one);
      restored.serialize(two);
      ASSERT_EQ(one, two);
    }
    whole.update(points[i].timestamp_ms, points[i].value);
  }
}

TEST(OnlineForest, StateIsItsHeadAndItsBlocks) {
  OnlineForest forest(small_options(), "s");
  for (int i = 0; i < 777; ++i) {
    forest.update(i * kFiveMinutes, i % 17);
  }
  std::string whole;
  std::string parts;

  forest.serialize(whole);
  forest.serialize_head(parts);
  EXPECT_LT(parts.size(), 1000U);
  for (std::uint64_t block = forest.blocks().first; block < forest.blocks().end; ++block) {
    forest.serialize_block(block, parts);
  }

  EXPECT_EQ(whole, parts);
}

TEST(OnlineForest, RefusesStatesThatCannotBe) {
  OnlineForest forest(small_options(), "s");
  for (int i = 0; i < 200; ++i) {
    forest.update(i * kFiveMinutes, i % 17);
  }
  std::string state;
  forest.serialize(state);
  const auto refused = [](const std::string& bytes, const char* series = "s") {
    OnlineForest other(small_options(), series);
    return !other.deserialize(bytes);
  };

  EXPECT_FALSE(refused(state));
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused(state.substr(0, state.size() - 1)));
  EXPECT_TRUE(refused(std::string(state).append(8, '\0')));
  EXPECT_TRUE(refused(state, "another series"));
  EXPECT_TRUE(refused(std::string(state.size(), '\x01')));
}

TEST(OnlineForest, SurvivesAnyBytesThatItTakes) {
  OnlineForest forest(small_options(), "s");
  for (int i = 0; i < 150; ++i) {
    forest.update(i * kFiveMinutes, i % 17);
  }
  std::string state;
  forest.serialize(state);
  Random random(9);

  for (int round = 0; round < 500; ++round) {
    std::string damaged = state;
    for (int i = 0; i < 6; ++i) {
      damaged[9 + random.below(static_cast<std::uint32_t>(damaged.size() - 9))] =
          static_cast<char>(random.below(256));
    }
    OnlineForest other(small_options(), "s");
    if (other.deserialize(damaged)) {
      for (int i = 0; i < 30; ++i) {
        EXPECT_FALSE(std::isnan(other.update(i * kFiveMinutes, i).score));
      }
    }
  }
}

TEST(OnlineForest, LeavesOutWhatIsNotFinite) {
  OnlineForest forest(small_options(), "s");

  for (const double value : {std::nan(""), kInfinity, -kInfinity}) {
    const OnlineScore score = forest.update(0, value);
    EXPECT_EQ(score.score, 0);
    EXPECT_FALSE(score.alarm);
  }

  EXPECT_EQ(forest.count(), 0U);
}

TEST(OnlineForest, IsQuietOnAConstantSeriesAndAlarmedByAChange) {
  OnlineForest forest(small_options(), "s");
  for (int i = 0; i < 400; ++i) {
    EXPECT_LE(forest.update(i * kFiveMinutes, 0.1).score, 0.0 + 1e-9) << i;
  }

  EXPECT_TRUE(forest.update(400 * kFiveMinutes, 0.2).alarm);
}

TEST(OnlineForest, StaysFiniteWithExtremesGapsDuplicatesAndBackwardTimestamps) {
  OnlineForest forest(small_options(), "s");
  const std::vector<Point> points{{0, 1},
                                  {0, 1e308},
                                  {-5, -1e308},
                                  {std::numeric_limits<std::int64_t>::max(), 1e-308},
                                  {std::numeric_limits<std::int64_t>::min(), 0},
                                  {7, 3}};

  for (std::size_t i = 0; i < 900; ++i) {
    const Point& point = points[i % points.size()];
    EXPECT_TRUE(std::isfinite(forest.update(point.timestamp_ms, point.value).score));
  }
}

TEST(OnlineForest, ExplainsTheScoreByItsFeatures) {
  OnlineForest forest(small_options(), "s");
  Random random(11);
  for (int i = 0; i < 600; ++i) {
    forest.update(i * kFiveMinutes, 10 + noise(random));
  }

  const OnlineScore score = forest.update(600 * kFiveMinutes, 30);
  const auto contributions = forest.explain();

  double sum = 0;
  for (const auto& contribution : contributions) {
    sum += contribution.amount;
  }
  EXPECT_NEAR(sum, score.score, 1e-12);
  EXPECT_GE(contributions[0].amount, contributions[1].amount);
  for (const auto& contribution : contributions) {
    if (contribution.feature == "mean") {
      EXPECT_NEAR(contribution.expected, 10, 0.5);
      EXPECT_GT(contribution.value, 11);
    }
  }
}

TEST(OnlineForest, RefusesOptionsOutOfRange) {
  EXPECT_TRUE(OnlineForestOptions{}.check());
  for (const OnlineForestOptions& options :
       {OnlineForestOptions{.trees = 0}, OnlineForestOptions{.sample = 1},
        OnlineForestOptions{.sample = 5000}, OnlineForestOptions{.window = 1},
        OnlineForestOptions{.rebuild_every = 0}, OnlineForestOptions{.first_build = 5000},
        OnlineForestOptions{.floor = 0}, OnlineForestOptions{.rise = -1},
        OnlineForestOptions{.fade = 0}, OnlineForestOptions{.threshold = std::nan("")}}) {
    const Status status = options.check();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind(), ErrorKind::kUser);
  }
}

TEST(OnlineForest, MemoryIsBoundedByTheOptions) {
  OnlineForest forest({}, "s");
  Random random(12);

  for (int i = 0; i < 6000; ++i) {
    forest.update(i * kFiveMinutes, noise(random));
  }

  EXPECT_LT(forest.memory(),
            6U * 10 * (512 * 40 + 100) + 48 * (4000 + 400 + 40 + 128) + 60 * 512 + 4096);
}

}  // namespace
}  // namespace millstream::forest
