#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <millstream/forest/feature_extractor.h>
#include <millstream/forest/random.h>
#include <millstream/forest/training.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <string>

namespace millstream::forest {
namespace {

constexpr std::int64_t kFiveMinutes = 300'000;

// A daily wave with noise and one burst, on any scale.
Series wave(std::uint64_t seed, double scale, std::size_t n = 1500) {
  Random random(seed);
  Series series{std::string("wave").append(std::to_string(seed)), {}, {{1000, 1060}}};
  for (std::size_t i = 0; i < n; ++i) {
    const double burst = i >= 1020 && i < 1035 ? 6.0 : 0.0;
    const double day = std::sin(static_cast<double>(i) * 2 * 3.14159265 / 288);
    series.points.push_back({static_cast<std::int64_t>(i) * kFiveMinutes,
                             scale * (10 + day + 0.3 * random.uniform() + burst)});
  }
  return series;
}

std::vector<Series> waves() {
  std::vector<Series> series;
  for (std::uint64_t i = 0; i < 6; ++i) {
    series.push_back(wave(i, std::pow(10.0, static_cast<double>(i) - 3)));
  }
  return series;
}

std::vector<std::array<double, kFeatureCount>> features_of(const Series& series) {
  FeatureExtractor extractor;
  std::vector<std::array<double, kFeatureCount>> rows(series.points.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    extractor.update(series.points[i].timestamp_ms, series.points[i].value, rows[i]);
  }
  return rows;
}

TEST(FeatureExtractor, DoesNotDependOnTheScale) {
  const auto one = features_of(wave(1, 1));
  const auto thousand = features_of(wave(1, 1024));

  for (std::size_t i = 0; i < one.size(); ++i) {
    for (std::size_t f = 0; f < kFeatureCount; ++f) {
      EXPECT_NEAR(one[i][f], thousand[i][f], 1e-9) << FeatureExtractor::names()[f];
    }
  }
}

TEST(FeatureExtractor, GoesOnBitForBitAfterEveryRestore) {
  const Series series = wave(2, 3, 400);
  FeatureExtractor whole;
  std::string state;
  FeatureExtractor().serialize(state);
  std::array<double, kFeatureCount> expected{};
  std::array<double, kFeatureCount> actual{};

  for (const Point& point : series.points) {
    FeatureExtractor restored;
    ASSERT_TRUE(restored.deserialize(state));
    EXPECT_EQ(whole.update(point.timestamp_ms, point.value, expected),
              restored.update(point.timestamp_ms, point.value, actual));
    EXPECT_EQ(expected, actual);
    state.clear();
    restored.serialize(state);
  }

  std::string whole_state;
  whole.serialize(whole_state);
  EXPECT_EQ(state, whole_state);
  EXPECT_LT(state.size(), 1000U);
}

TEST(FeatureExtractor, RefusesStatesThatCannotBe) {
  FeatureExtractor extractor;
  std::array<double, kFeatureCount> features{};
  extractor.update(0, 1, features);
  std::string state;
  extractor.serialize(state);
  const auto refused = [](const std::string& bytes) {
    FeatureExtractor other;
    return !other.deserialize(bytes);
  };

  EXPECT_FALSE(refused(state));
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused(std::string(state).append("x")));
  std::string newer = state;
  newer[0] = 2;
  EXPECT_TRUE(refused(newer));
  EXPECT_TRUE(refused(std::string(state.size(), '\xff')));
  EXPECT_TRUE(refused(state.substr(0, 1) + std::string(state.size() - 1, '\xff')));
}

TEST(FeatureExtractor, SurvivesAnyBytesThatItTakes) {
  Random random(4);
  std::string state;
  FeatureExtractor().serialize(state);
  std::array<double, kFeatureCount> features{};

  for (int round = 0; round < 2000; ++round) {
    std::string damaged = state;
    for (int i = 0; i < 8; ++i) {
      damaged[1 + random.below(static_cast<std::uint32_t>(damaged.size() - 1))] =
          static_cast<char>(random.below(256));
    }
    FeatureExtractor extractor;
    if (extractor.deserialize(damaged)) {
      for (int i = 0; i < 40; ++i) {
        extractor.update(i * kFiveMinutes, random.uniform(), features);
        for (const double feature : features) {
          EXPECT_FALSE(std::isnan(feature));
        }
      }
    }
  }
}

TEST(FeatureExtractor, IsZeroOnAConstantSeries) {
  FeatureExtractor extractor;
  std::array<double, kFeatureCount> features{};
  bool ready = false;

  for (int i = 0; i < 300; ++i) {
    ready = extractor.update(i * kFiveMinutes, 0.1, features);
    EXPECT_THAT(features, ::testing::Each(0.0));
  }

  EXPECT_TRUE(ready);
}

TEST(FeatureExtractor, LeavesOutWhatIsNotFinite) {
  FeatureExtractor extractor;
  std::array<double, kFeatureCount> features{};

  EXPECT_FALSE(extractor.update(0, std::nan(""), features));
  EXPECT_FALSE(extractor.update(0, std::numeric_limits<double>::infinity(), features));

  EXPECT_EQ(extractor.count(), 0U);
}

TEST(FeatureExtractor, StaysFiniteWithExtremesGapsAndBackwardTimestamps) {
  FeatureExtractor extractor;
  std::array<double, kFeatureCount> features{};
  const std::vector<Point> points{{0, 1},
                                  {0, 1e308},
                                  {-5, -1e308},
                                  {std::numeric_limits<std::int64_t>::max(), 1e-308},
                                  {std::numeric_limits<std::int64_t>::min(), 0},
                                  {7, 3}};

  for (int i = 0; i < 600; ++i) {
    const Point& point = points[static_cast<std::size_t>(i) % points.size()];
    extractor.update(point.timestamp_ms, point.value, features);
    for (const double feature : features) {
      EXPECT_TRUE(std::isfinite(feature));
    }
  }
}

TEST(Training, FindsTheBurstInEverySeriesOnAnyScale) {
  const auto series = waves();

  const auto model = train_model(series, {.contamination = 0.01}, "waves");

  ASSERT_TRUE(model) << model.error().message();
  EXPECT_EQ(model->parts().training.series, 6U);
  for (const Series& one : series) {
    const auto scores = score_series(*model, one);
    const auto peak = std::max_element(scores.begin() + 300, scores.end()) - scores.begin();
    EXPECT_GE(peak, 1015) << one.name;
    EXPECT_LE(peak, 1060) << one.name;
  }
}

TEST(Training, DoesNotDependOnTheNumberOfThreads) {
  const auto series = waves();

  const auto one = train_model(series, {.forest = {.seed = 5}}, "waves", 1);
  const auto three = train_model(series, {.forest = {.seed = 5}}, "waves", 3);

  EXPECT_EQ(one->version(), three->version());
}

TEST(Training, SaysThatTheSeriesAreTooShort) {
  const auto model = train_model(std::vector<Series>{wave(1, 1, 50)}, {}, "short");

  ASSERT_FALSE(model);
  EXPECT_THAT(model.error().message(), ::testing::HasSubstr("warm-up"));
}

TEST(Training, LeavesOutRecordsWithoutAFiniteValue) {
  auto series = waves();
  series[0].points[700].value = std::nan("");

  const auto model = train_model(series, {}, "waves");

  ASSERT_TRUE(model);
  EXPECT_EQ(score_series(*model, series[0])[700], 0.0);
}

TEST(Alarms, AreSilentForTheRefractoryPeriod) {
  const std::vector<double> scores{0.9, 0.9, 0.9, 0.9, 0.1, 0.9};

  EXPECT_EQ(alarms(scores, 0.5, 2), (std::vector<double>{1, 0, 0, 1, 0, 0}));
  EXPECT_EQ(alarms(scores, 0.5, 0), (std::vector<double>{1, 1, 1, 1, 0, 1}));
}

TEST(Tuning, IsDeterministicAndReportsEveryTrial) {
  const auto series = waves();
  std::size_t calls = 0;
  const TrainingOptions base{.forest = {.trees = 20}};

  const auto one = tune(series, base, {.trials = 4, .seed = 3, .threads = 1},
                        [&](std::size_t done, std::size_t total, const Trial&) {
                          EXPECT_EQ(done, ++calls);
                          EXPECT_EQ(total, 4U);
                        });
  const auto two = tune(series, base, {.trials = 4, .seed = 3, .threads = 3});

  ASSERT_TRUE(one) << one.error().message();
  EXPECT_EQ(calls, 4U);
  ASSERT_EQ(one->trials.size(), 4U);
  EXPECT_EQ(one->best, two->best);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(one->trials[i].criterion, two->trials[i].criterion);
    EXPECT_EQ(one->trials[i].options, two->trials[i].options);
    EXPECT_EQ(one->trials[i].fold_criteria.size(), 3U);
  }
  EXPECT_GT(one->trials[one->best].criterion, 50) << "the bursts are easy";
}

TEST(Tuning, DoesWithoutLabels) {
  auto series = waves();
  for (Series& one : series) {
    one.windows.clear();
  }

  const auto result = tune(series, {.forest = {.trees = 20}}, {.trials = 2});

  ASSERT_TRUE(result) << result.error().message();
  EXPECT_THAT(result->criterion, ::testing::HasSubstr("no labels"));
  EXPECT_TRUE(std::isfinite(result->trials[result->best].criterion));
}

TEST(Tuning, RefusesMoreFoldsThanSeries) {
  EXPECT_FALSE(tune(std::vector<Series>{wave(1, 1)}, {}, {}));
  EXPECT_FALSE(tune(waves(), {}, {.trials = 0}));
}

}  // namespace
}  // namespace millstream::forest
