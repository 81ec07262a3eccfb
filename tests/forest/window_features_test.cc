#include <gtest/gtest.h>
#include <millstream/forest/random.h>
#include <millstream/forest/window_features.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

namespace millstream::forest {
namespace {

// Check a rolling feature against what its whole window says, on random series with repeats.
template <class Step>
void check_against_windows(const char* what, const Step& step) {
  EXPECT_TRUE(rc::check(what, [&] {
    const auto n = *rc::gen::inRange<std::size_t>(1, 20);
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(-40, 40));
    step(n, std::vector<double>(steps.begin(), steps.end()));
  }));
}

std::vector<double> window_at(const std::vector<double>& values, std::size_t i, std::size_t n) {
  const std::size_t begin = i + 1 > n ? i + 1 - n : 0;
  return {values.begin() + static_cast<std::ptrdiff_t>(begin),
          values.begin() + static_cast<std::ptrdiff_t>(i) + 1};
}

double mean_of(const std::vector<double>& window) {
  return std::accumulate(window.begin(), window.end(), 0.0) / static_cast<double>(window.size());
}

double deviation_of(const std::vector<double>& window) {
  const double mean = mean_of(window);
  double sum = 0;
  for (const double x : window) {
    sum += (x - mean) * (x - mean);
  }
  return std::sqrt(sum / static_cast<double>(window.size()));
}

double quantile_of(std::vector<double> window, double share) {
  std::sort(window.begin(), window.end());
  const double place = share * static_cast<double>(window.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const double above = window[std::min(below + 1, window.size() - 1)];
  return window[below] + (above - window[below]) * (place - static_cast<double>(below));
}

void expect_near(double actual, double expected) {
  RC_ASSERT(std::abs(actual - expected) <= 1e-9 * std::max(1.0, std::abs(expected)));
}

TEST(RollingMoments, AreThoseOfTheWindow) {
  check_against_windows("moments", [](std::size_t n, const std::vector<double>& values) {
    RollingMoments moments(n);
    for (std::size_t i = 0; i < values.size(); ++i) {
      expect_near(moments.update(values[i]), mean_of(window_at(values, i, n)));
      // A deviation of 0 comes out as the root of the rounding error.
      RC_ASSERT(std::abs(moments.deviation() - deviation_of(window_at(values, i, n))) < 1e-6);
    }
  });
}

TEST(RollingMoments, DoNotDrift) {
  RollingMoments moments(100);
  Random random(1);
  moments.update(1e12);

  std::vector<double> values;
  for (int i = 0; i < 100'000; ++i) {
    values.push_back(random.uniform());
    moments.update(values.back());
  }

  EXPECT_NEAR(moments.mean(), mean_of(window_at(values, values.size() - 1, 100)), 1e-12);
  EXPECT_NEAR(moments.deviation(), deviation_of(window_at(values, values.size() - 1, 100)), 1e-9);
}

TEST(RollingZScore, ComparesWithTheWindowBefore) {
  check_against_windows("z-score", [](std::size_t n, const std::vector<double>& values) {
    RollingZScore z(n);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double actual = z.update(values[i]);
      const double spread = i == 0 ? 0 : deviation_of(window_at(values, i - 1, n));
      if (spread > 0) {
        expect_near(actual, (values[i] - mean_of(window_at(values, i - 1, n))) / spread);
      } else if (i == 0) {
        RC_ASSERT(actual == 0);
      }
    }
  });
}

TEST(RollingExtreme, IsThatOfTheWindow) {
  check_against_windows("extremes", [](std::size_t n, const std::vector<double>& values) {
    RollingExtreme least(n, RollingExtreme::Kind::kMin);
    RollingExtreme greatest(n, RollingExtreme::Kind::kMax);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto window = window_at(values, i, n);
      RC_ASSERT(least.update(values[i]) == *std::min_element(window.begin(), window.end()));
      RC_ASSERT(greatest.update(values[i]) == *std::max_element(window.begin(), window.end()));
    }
  });
}

TEST(RollingQuantile, IsThatOfTheWindow) {
  for (const double share : {0.0, 0.1, 0.5, 0.9, 1.0}) {
    check_against_windows("quantile", [&](std::size_t n, const std::vector<double>& values) {
      RollingQuantile quantile(n, share);
      for (std::size_t i = 0; i < values.size(); ++i) {
        expect_near(quantile.update(values[i]), quantile_of(window_at(values, i, n), share));
      }
    });
  }
}

TEST(Lags, GiveThePast) {
  check_against_windows("lags", [](std::size_t n, const std::vector<double>& values) {
    Lags lags(n);
    Difference difference(n);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double before = values[i >= n ? i - n : 0];
      RC_ASSERT(lags.update(values[i]) == before);
      RC_ASSERT(difference.update(values[i]) == values[i] - before);
      for (std::size_t lag = 0; lag < lags.size(); ++lag) {
        RC_ASSERT(lags.at(lag) == values[i - lag]);
      }
    }
  });
}

TEST(Ewma, IsTheWeightedSumOfThePast) {
  check_against_windows("ewma", [](std::size_t n, const std::vector<double>& values) {
    const auto half_life = static_cast<double>(n);
    Ewma ewma(half_life);
    const double keep = std::exp2(-1 / half_life);
    for (std::size_t i = 0; i < values.size(); ++i) {
      ewma.update(values[i]);
      double mean = values[0] * std::pow(keep, static_cast<double>(i));
      double squares = values[0] * values[0] * std::pow(keep, static_cast<double>(i));
      for (std::size_t j = 1; j <= i; ++j) {
        const double weight = (1 - keep) * std::pow(keep, static_cast<double>(i - j));
        mean += weight * values[j];
        squares += weight * values[j] * values[j];
      }
      expect_near(ewma.mean(), mean);
      RC_ASSERT(std::abs(ewma.deviation() * ewma.deviation() - (squares - mean * mean)) < 1e-8);
    }
  });
}

TEST(SeasonalResidual, ComparesWithTheMeansOfEarlierVisits) {
  check_against_windows("season", [](std::size_t n, const std::vector<double>& values) {
    constexpr std::int64_t kHour = 3'600'000;
    SeasonalResidual residual = SeasonalResidual::hour_of_week();
    const auto per_hour = static_cast<std::int64_t>(n);
    std::vector<std::vector<double>> visits;  // to the one bin that is visited every week
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto week = static_cast<std::int64_t>(i) / per_hour;
      const auto in_hour = static_cast<std::int64_t>(i) % per_hour;
      if (in_hour == 0) {
        residual.update(week * 168 * kHour - kHour, 7);  // the hour before
        visits.emplace_back();
      }
      double mean = 0;
      for (std::size_t v = 0; v + 1 < visits.size(); ++v) {
        mean += std::max(0.1, 1.0 / static_cast<double>(v + 1)) * (mean_of(visits[v]) - mean);
      }
      visits.back().push_back(values[i]);
      const double actual = residual.update(week * 168 * kHour + in_hour * 1000, values[i]);
      expect_near(actual, visits.size() == 1 ? 0.0 : values[i] - mean);
    }
  });
}

TEST(LearnedPeriod, FindsThePeriodOfAWave) {
  for (const int period : {7, 24, 50}) {
    LearnedPeriod learned(256);
    Random random(3);
    double found = 0;
    for (int i = 0; i < 600; ++i) {
      found = learned.update(std::sin(2 * std::numbers::pi * i / period) + 0.3 * random.uniform());
    }
    EXPECT_NEAR(std::fmod(found + 1, period), 1, 1.01) << found << ", a multiple of " << period;
  }
}

TEST(LearnedPeriod, FindsThePeakOfTheAutocorrelation) {
  Random random(4);
  std::vector<double> values;
  LearnedPeriod learned(64, -2);
  double found = 0;
  for (int i = 0; i < 64; ++i) {
    values.push_back(random.uniform());
    found = learned.update(values.back());
  }
  const double mean = mean_of(values);
  const auto correlation = [&](std::size_t lag) {
    double sum = 0;
    for (std::size_t i = 0; i + lag < values.size(); ++i) {
      sum += (values[i] - mean) * (values[i + lag] - mean);
    }
    return sum / static_cast<double>(values.size() - lag);
  };

  std::size_t best = 0;
  for (std::size_t lag = 2; lag < 32; ++lag) {
    if (correlation(lag) >= correlation(lag - 1) && correlation(lag) >= correlation(lag + 1) &&
        (best == 0 || correlation(lag) > correlation(best))) {
      best = lag;
    }
  }

  EXPECT_EQ(found, static_cast<double>(best));
}

TEST(LearnedPeriod, IsZeroForNoiseAndConstants) {
  LearnedPeriod noise(256, 0.5);
  LearnedPeriod constant(256);
  Random random(5);

  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(noise.update(random.uniform()), 0);
    EXPECT_EQ(constant.update(3.25), 0);
  }
}

TEST(WindowFeatures, LeaveOutWhatIsNotFinite) {
  RollingMoments moments(3);
  RollingExtreme least(3, RollingExtreme::Kind::kMin);
  RollingQuantile median(3, 0.5);
  Ewma ewma(3);
  Difference difference;
  const std::vector<double> values{4, std::nan(""), 8, std::numeric_limits<double>::infinity()};

  for (const double value : values) {
    moments.update(value);
    least.update(value);
    median.update(value);
    difference.update(value);
    EXPECT_TRUE(std::isfinite(ewma.update(value)));
  }

  EXPECT_DOUBLE_EQ(moments.mean(), 6);
  EXPECT_DOUBLE_EQ(least.update(std::nan("")), 4);
  EXPECT_DOUBLE_EQ(median.update(std::nan("")), 6);
  EXPECT_DOUBLE_EQ(difference.update(std::nan("")), 4);
}

}  // namespace
}  // namespace millstream::forest
