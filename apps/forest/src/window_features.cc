#include <millstream/forest/window_features.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <numbers>

namespace millstream::forest {

double Lags::update(double value) {
  if (std::isfinite(value)) {
    double& slot = values_[count_ % values_.size()];
    const double oldest = count_ == 0 ? value : (count_ < values_.size() ? values_[0] : slot);
    slot = value;
    ++count_;
    return oldest;
  }
  return count_ == 0 ? 0 : at(size() - 1);
}

double Lags::at(std::size_t lag) const { return values_[(count_ - 1 - lag) % values_.size()]; }

std::size_t Lags::size() const {
  return static_cast<std::size_t>(std::min<std::uint64_t>(count_, values_.size()));
}

double Difference::update(double value) {
  if (std::isfinite(value)) {
    last_ = value - lags_.update(value);
  }
  return last_;
}

double RollingMoments::update(double value) {
  if (!std::isfinite(value)) {
    return mean();
  }
  double& slot = values_[count_ % values_.size()];
  const double in = value - pivot_;
  const double out = count_ < values_.size() ? 0.0 : slot - pivot_;
  sum_ += in - out;
  squares_ += in * in - out * out;
  slot = value;
  ++count_;
  if (count_ % values_.size() == 0 || count_ == 1) {
    sum_up();
  }
  return mean();
}

void RollingMoments::sum_up() {
  pivot_ = values_[0];
  sum_ = squares_ = 0;
  for (std::size_t i = 0; i < std::min<std::uint64_t>(count_, values_.size()); ++i) {
    const double distance = values_[i] - pivot_;
    sum_ += distance;
    squares_ += distance * distance;
  }
}

double RollingMoments::mean() const {
  const auto n = static_cast<double>(std::min<std::uint64_t>(count_, values_.size()));
  return n == 0 ? 0 : pivot_ + sum_ / n;
}

double RollingMoments::deviation() const {
  const auto n = static_cast<double>(std::min<std::uint64_t>(count_, values_.size()));
  return n == 0 ? 0 : std::sqrt(std::max(squares_ / n - sum_ / n * (sum_ / n), 0.0));
}

double RollingZScore::update(double value) {
  if (std::isfinite(value)) {
    const double deviation = moments_.deviation();
    last_ = deviation > 0 ? (value - moments_.mean()) / deviation : 0.0;
    moments_.update(value);
  }
  return last_;
}

double RollingExtreme::update(double value) {
  const std::size_t n = candidates_.size();
  if (std::isfinite(value)) {
    const auto outdone = [&](double other) {
      return kind_ == Kind::kMin ? other >= value : other <= value;
    };
    if (first_ < end_ && candidates_[first_ % n].index + n <= count_) {
      ++first_;
    }
    while (end_ > first_ && outdone(candidates_[(end_ - 1) % n].value)) {
      --end_;
    }
    candidates_[end_++ % n] = {count_++, value};
  }
  return count_ == 0 ? 0 : candidates_[first_ % n].value;
}

double RollingQuantile::update(double value) {
  if (!std::isfinite(value)) {
    return last_;
  }
  const auto goes_low = [&](double x) { return !low_.empty() && x <= *low_.rbegin(); };
  double& slot = values_[count_ % values_.size()];
  if (count_ >= values_.size()) {
    auto& side = goes_low(slot) ? low_ : high_;
    auto node = side.extract(side.find(slot));
    node.value() = value;
    (goes_low(value) ? low_ : high_).insert(std::move(node));
  } else {
    (goes_low(value) ? low_ : high_).insert(value);
  }
  slot = value;
  ++count_;
  balance();
  return last_;
}

void RollingQuantile::balance() {
  const std::size_t n = low_.size() + high_.size();
  const double place = share_ * static_cast<double>(n - 1);
  const auto wanted = static_cast<std::size_t>(std::floor(place)) + 1;
  while (low_.size() < wanted) {
    low_.insert(low_.end(), high_.extract(high_.begin()));
  }
  while (low_.size() > wanted) {
    high_.insert(high_.begin(), low_.extract(std::prev(low_.end())));
  }
  const double below = *low_.rbegin();
  const double above = high_.empty() ? below : *high_.begin();
  last_ = below + (above - below) * (place - std::floor(place));
}

Ewma::Ewma(double half_life) : rate_(1 - std::exp2(-1 / half_life)) {}

double Ewma::update(double value) {
  if (!std::isfinite(value)) {
    return mean_;
  }
  if (!started_) {
    started_ = true;
    mean_ = value;
  }
  const double delta = value - mean_;
  mean_ += rate_ * delta;
  variance_ = (1 - rate_) * (variance_ + rate_ * delta * delta);
  return mean_;
}

double Ewma::deviation() const { return std::sqrt(variance_); }

SeasonalResidual::SeasonalResidual(std::size_t bins, std::int64_t season_ms)
    : bins_(bins), season_ms_(season_ms), bin_(bins) {}

double SeasonalResidual::update(std::int64_t timestamp_ms, double value) {
  if (!std::isfinite(value)) {
    return last_;
  }
  const std::int64_t in_season = (timestamp_ms % season_ms_ + season_ms_) % season_ms_;
  const std::int64_t width = season_ms_ / static_cast<std::int64_t>(bins_.size());
  const std::size_t bin = std::min(static_cast<std::size_t>(in_season / width), bins_.size() - 1);
  if (bin != bin_) {
    finish_visit();
    bin_ = bin;
  }
  visit_sum_ += value;
  ++visit_count_;
  last_ = bins_[bin].visits > 0 ? value - bins_[bin].mean : 0.0;
  return last_;
}

void SeasonalResidual::finish_visit() {
  if (visit_count_ > 0) {
    Bin& bin = bins_[bin_];
    const double rate = std::max(0.1, 1.0 / (bin.visits + 1.0));
    bin.mean += rate * (visit_sum_ / static_cast<double>(visit_count_) - bin.mean);
    ++bin.visits;
  }
  visit_sum_ = 0;
  visit_count_ = 0;
}

namespace {

// The Fourier transform in place, without scaling; the size is a power of two.
void transform(std::vector<std::complex<double>>& x) {
  const std::size_t n = x.size();
  for (std::size_t i = 1, j = 0; i < n; ++i) {
    std::size_t bit = n >> 1U;
    for (; (j & bit) != 0; bit >>= 1U) {
      j ^= bit;
    }
    j ^= bit;
    if (i < j) {
      std::swap(x[i], x[j]);
    }
  }
  for (std::size_t length = 2; length <= n; length *= 2) {
    const auto angle = -2 * std::numbers::pi / static_cast<double>(length);
    for (std::size_t k = 0; k < length / 2; ++k) {
      const auto turn = std::polar(1.0, angle * static_cast<double>(k));
      for (std::size_t i = k; i < n; i += length) {
        const auto odd = turn * x[i + length / 2];
        x[i + length / 2] = x[i] - odd;
        x[i] += odd;
      }
    }
  }
}

}  // namespace

LearnedPeriod::LearnedPeriod(std::size_t n, double least)
    : values_(std::bit_ceil(std::max<std::size_t>(n, 8))), least_(least) {}

double LearnedPeriod::update(double value) {
  if (std::isfinite(value)) {
    values_[count_++ % values_.size()] = value;
    if (count_ >= values_.size() && count_ % (values_.size() / 2) == 0) {
      period_ = learn();
    }
  }
  return period_;
}

// The autocorrelation is the transform of the power spectrum (Wiener and Khinchin), padded so that
// the ends do not meet; each lag is scaled by the number of pairs that it has.
double LearnedPeriod::learn() const {
  const std::size_t n = values_.size();
  double mean = 0;
  for (const double value : values_) {
    mean += value / static_cast<double>(n);
  }
  std::vector<std::complex<double>> x(2 * n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = values_[(count_ + i) % n] - mean;
  }
  transform(x);
  for (auto& bin : x) {
    bin = std::norm(bin);
  }
  transform(x);
  const auto correlation = [&](std::size_t lag) {
    const double pairs = static_cast<double>(n - lag) / static_cast<double>(n);
    return x[lag].real() / x[0].real() / pairs;
  };
  double best = least_;
  double period = 0;
  for (std::size_t lag = 2; lag < n / 2 && x[0].real() > 0; ++lag) {
    const double here = correlation(lag);
    if (here > best && here >= correlation(lag - 1) && here >= correlation(lag + 1)) {
      best = here;
      period = static_cast<double>(lag);
    }
  }
  return period;
}

}  // namespace millstream::forest
