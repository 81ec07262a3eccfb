#pragma once

#include <cstdint>
#include <set>
#include <vector>

namespace millstream::forest {

/// Rolling features: each takes a series value by value and gives the feature after it. They share
/// these rules: `update` returns the feature, a window holds the last `n` values (fewer at first),
/// and a value that is not finite is not counted: the feature stays as it was. Sizes are at
/// least 1. Thread: one owner each.

/// The last values of a series.
class Lags {
 public:
  /// Remember `n` values.
  explicit Lags(std::size_t n) : values_(n) {}
  /// Take a value; returns the one `n` before it, or the oldest there is.
  double update(double value);
  /// The value `lag` before the last one; 0 is the last. At most n − 1, and size() − 1.
  [[nodiscard]] double at(std::size_t lag) const;
  /// Values held.
  [[nodiscard]] std::size_t size() const;

 private:
  std::vector<double> values_;
  std::uint64_t count_ = 0;
};

/// The difference to the value `lag` before; 0 as long as there is none.
class Difference {
 public:
  explicit Difference(std::size_t lag = 1) : lags_(lag) {}
  /// **Cost:** O(1).
  double update(double value);

 private:
  Lags lags_;
  double last_ = 0;
};

/// Mean and deviation of the last `n` values, by sums around a pivot that are made afresh every n
/// values, so that rounding does not pile up.
class RollingMoments {
 public:
  explicit RollingMoments(std::size_t n) : values_(n) {}
  /// Take a value; returns the mean. **Cost:** amortised O(1).
  double update(double value);
  /// The mean; 0 of nothing.
  [[nodiscard]] double mean() const;
  /// The standard deviation (of the window as a whole: divided by its size).
  [[nodiscard]] double deviation() const;

 private:
  void sum_up();

  std::vector<double> values_;
  std::uint64_t count_ = 0;
  double pivot_ = 0;
  double sum_ = 0;
  double squares_ = 0;
};

/// How many deviations a value is from the mean of the `n` values before it; 0 if these were equal.
class RollingZScore {
 public:
  explicit RollingZScore(std::size_t n) : moments_(n) {}
  /// **Cost:** amortised O(1).
  double update(double value);

 private:
  RollingMoments moments_;
  double last_ = 0;
};

/// The least (or greatest) of the last `n` values.
class RollingExtreme {
 public:
  /// Which one.
  enum class Kind { kMin, kMax };
  RollingExtreme(std::size_t n, Kind kind) : candidates_(n), kind_(kind) {}
  /// **Cost:** amortised O(1).
  double update(double value);

 private:
  struct Candidate {
    std::uint64_t index;
    double value;
  };
  // A ring of values that no later one outdoes, the extreme first.
  std::vector<Candidate> candidates_;
  Kind kind_;
  std::uint64_t first_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t count_ = 0;
};

/// A quantile of the last `n` values, with linear interpolation as numpy.quantile.
class RollingQuantile {
 public:
  /// The `share`-quantile, 0 to 1.
  RollingQuantile(std::size_t n, double share) : values_(n), share_(share) {}
  /// **Cost:** O(log n); allocates only until the window is full.
  double update(double value);

 private:
  void balance();

  std::multiset<double> low_;  // up to and with the quantile's lower neighbour
  std::multiset<double> high_;
  std::vector<double> values_;
  std::uint64_t count_ = 0;
  double share_;
  double last_ = 0;
};

/// Mean and deviation with exponentially fading weights.
class Ewma {
 public:
  /// After `half_life` values a value's weight has halved. The first value starts the mean.
  explicit Ewma(double half_life);
  /// Take a value; returns the mean. **Cost:** O(1).
  double update(double value);
  /// The mean.
  [[nodiscard]] double mean() const { return mean_; }
  /// The standard deviation.
  [[nodiscard]] double deviation() const;

 private:
  double rate_;
  double mean_ = 0;
  double variance_ = 0;
  bool started_ = false;
};

/// The difference of a value to the running mean of its season's bin, such as its hour of the day
/// (24 bins, a day) or of the week (168 bins, a week; day 0 is a Thursday). A visit's mean is
/// folded into its bin when another bin begins, at the rate max(0.1, 1/(visits + 1)); before a
/// bin's first finished visit the residual is 0.
class SeasonalResidual {
 public:
  SeasonalResidual(std::size_t bins, std::int64_t season_ms);
  /// The residual to the hour of the day (UTC).
  static SeasonalResidual hour_of_day() { return {24, 86'400'000}; }
  /// The residual to the hour of the week (UTC).
  static SeasonalResidual hour_of_week() { return {168, 604'800'000}; }
  /// **Cost:** O(1).
  double update(std::int64_t timestamp_ms, double value);

 private:
  struct Bin {
    double mean = 0;
    std::uint32_t visits = 0;
  };
  void finish_visit();

  std::vector<Bin> bins_;
  std::int64_t season_ms_;
  std::size_t bin_ = 0;
  double visit_sum_ = 0;
  std::uint64_t visit_count_ = 0;
  double last_ = 0;
};

/// The series' period in records, learned from the autocorrelation of the last `n` values: the lag
/// of the highest peak from 2 to n/2, if it is at least `least`; 0 if there is none.
class LearnedPeriod {
 public:
  /// `n` is rounded up to a power of two, at least 8.
  explicit LearnedPeriod(std::size_t n, double least = 0.3);
  /// Take a value; returns the period. It is learned anew every n/2 values, once n are there.
  /// **Cost:** amortised O(log n), by Fourier transform.
  double update(double value);

 private:
  [[nodiscard]] double learn() const;

  std::vector<double> values_;
  double least_;
  std::uint64_t count_ = 0;
  double period_ = 0;
};

}  // namespace millstream::forest
