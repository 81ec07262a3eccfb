#include <gtest/gtest.h>
#include <millstream/forest/random.h>
#include <millstream/forest/series_forest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace millstream::forest {
namespace {

constexpr std::int64_t kFiveMinutes = 300'000;

double noise(Random& random) { return random.uniform() + random.uniform() - 1; }

SeriesForestOptions small_options() {
  return {.trees = 10, .sample = 32, .window = 150, .first_fit = 100, .refit_every = 40, .seed = 1};
}

std::string state_of(const SeriesForest& forest) {
  std::string bytes;
  forest.serialize_head(bytes);
  for (std::uint64_t block = forest.blocks().first; block < forest.blocks().end; ++block) {
    forest.serialize_block(block, bytes);
  }
  return bytes;
}

TEST(SeriesForest, AlarmsAtABurstOnceItIsTrained) {
  SeriesForestOptions options = small_options();
  options.refractory = 10;  // so that a false alarm before the burst doesn't silence it
  SeriesForest forest(options, "s");
  Random random(2);
  int early = 0;
  int in_burst = 0;

  for (int i = 0; i < 600; ++i) {
    const double value = noise(random) + (i >= 500 && i < 505 ? 20 : 0);
    const SeriesScore score = forest.update(i * kFiveMinutes, value);
    early += score.score != 0 && i < 199 ? 1 : 0;  // warm-up and first_fit
    in_burst += score.alarm && i >= 500 && i < 510 ? 1 : 0;
  }

  EXPECT_EQ(early, 0);
  EXPECT_EQ(in_burst, 1);
}

TEST(SeriesForest, GoesOnBitForBitAfterARestoreAtAnyRecord) {
  SeriesForest whole(small_options(), "s");
  Random random(3);
  std::vector<double> values(700);
  for (double& value : values) {
    value = noise(random);
  }

  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % 37 == 0) {
      const std::string state = state_of(whole);
      SeriesForest restored(small_options(), "s");
      ASSERT_TRUE(restored.is_mine(state));
      ASSERT_TRUE(restored.deserialize(state));
      SeriesForest original = whole;
      for (std::size_t j = i; j < std::min(i + 50, values.size()); ++j) {
        const auto time = static_cast<std::int64_t>(j) * kFiveMinutes;
        const SeriesScore expected = original.update(time, values[j]);
        const SeriesScore actual = restored.update(time, values[j]);
        ASSERT_EQ(actual.score, expected.score) << i << " " << j;
        ASSERT_EQ(actual.alarm, expected.alarm);
        ASSERT_EQ(restored.level(), original.level());
      }
      ASSERT_EQ(state_of(restored), state_of(original));
    }
    whole.update(static_cast<std::int64_t>(i) * kFiveMinutes, values[i]);
  }
}

TEST(SeriesForest, RefusesStatesThatCannotBe) {
  SeriesForest forest(small_options(), "s");
  for (int i = 0; i < 300; ++i) {
    forest.update(i * kFiveMinutes, i % 17);
  }
  const std::string state = state_of(forest);
  const auto refused = [](const std::string& bytes, const char* series = "s") {
    SeriesForest other(small_options(), series);
    return !other.deserialize(bytes);
  };

  EXPECT_FALSE(refused(state));
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused(state.substr(0, state.size() - 1)));
  EXPECT_TRUE(refused(state + "x"));
  EXPECT_TRUE(refused(state, "another series"));
  Random random(9);
  for (int round = 0; round < 300; ++round) {
    std::string damaged = state;
    for (int i = 0; i < 4; ++i) {
      damaged[9 + random.below(static_cast<std::uint32_t>(damaged.size() - 9))] =
          static_cast<char>(random.below(256));
    }
    SeriesForest other(small_options(), "s");
    if (other.deserialize(damaged)) {
      for (int i = 0; i < 30; ++i) {
        EXPECT_FALSE(std::isnan(other.update(i * kFiveMinutes, i).score));
      }
    }
  }
}

TEST(SeriesForest, LeavesOutWhatIsNotFinite) {
  SeriesForest forest(small_options(), "s");

  for (const double value : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    const SeriesScore score = forest.update(0, value);
    EXPECT_EQ(score.score, 0);
    EXPECT_FALSE(score.alarm);
  }

  EXPECT_EQ(forest.count(), 0U);
  EXPECT_EQ(forest.level(), 0);
}

TEST(SeriesForest, ExplainsByItsFeatures) {
  SeriesForest forest(small_options(), "s");
  EXPECT_TRUE(forest.explain().empty());
  Random random(4);
  for (int i = 0; i < 400; ++i) {
    forest.update(i * kFiveMinutes, noise(random));
  }

  forest.update(400 * kFiveMinutes, 30);

  const auto contributions = forest.explain();
  ASSERT_EQ(contributions.size(), kFeatureCount);
  EXPECT_GT(contributions[0].amount, 0);
  EXPECT_NE(contributions[0].value, contributions[0].expected);
}

TEST(SeriesForest, RefusesOptionsOutOfRange) {
  EXPECT_TRUE(SeriesForestOptions{}.check());
  for (const SeriesForestOptions& options :
       {SeriesForestOptions{.trees = 0}, SeriesForestOptions{.sample = 1},
        SeriesForestOptions{.window = 1}, SeriesForestOptions{.first_fit = 2000},
        SeriesForestOptions{.refit_every = 0}, SeriesForestOptions{.contamination = 0.6},
        SeriesForestOptions{.features = {.window = 1}}}) {
    const Status status = options.check();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind(), ErrorKind::kUser);
  }
}

}  // namespace
}  // namespace millstream::forest
