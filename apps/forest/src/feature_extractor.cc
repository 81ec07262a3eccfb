#include <millstream/forest/feature_extractor.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace millstream::forest {
namespace {

constexpr char kStateVersion = 1;
constexpr double kLargest = 1e100;
constexpr std::int64_t kHourMs = 3'600'000;

// Ratios that are 0 where nothing is usual yet: a series that was constant, but for rounding, has
// no scale.
struct Ratio {
  double least;
  double operator()(double amount, double usual) const {
    return usual > least ? amount / usual : 0.0;
  }
};

double compress(double feature) {
  const double clamped = std::clamp(feature, -kLargest, kLargest);
  return std::copysign(std::log1p(std::abs(clamped)), clamped);
}

double rate_of_half_life(double records) { return 1 - std::exp2(-1 / records); }

// Fade the mean and the variance around it by one value (West, 1979, with weights that fade).
void fade(double& mean, double& variance, double value, double rate) {
  const double delta = value - mean;
  mean += rate * delta;
  variance = (1 - rate) * (variance + rate * delta * delta);
}

}  // namespace

Status FeatureOptions::check() const {
  if (window < 2 || window > 32) {
    return Error::user("the features' window is " + std::to_string(window) + "; choose 2 to 32");
  }
  if (!(short_half_life >= 1 && short_half_life < long_half_life && long_half_life <= 1e6)) {
    return Error::user("the features' half-lives are " + std::to_string(short_half_life) + " and " +
                       std::to_string(long_half_life) +
                       " records; choose 1 <= short < long <= 1000000");
  }
  if (warm_up > 1'000'000) {
    return Error::user("the features' warm_up is " + std::to_string(warm_up) +
                       "; choose at most 1000000 records");
  }
  return {};
}

FeatureExtractor::FeatureExtractor(const FeatureOptions& options)
    : options_(options),
      long_rate_(rate_of_half_life(options.long_half_life)),
      short_rate_(rate_of_half_life(options.short_half_life)) {}

std::span<const std::string_view, kFeatureCount> FeatureExtractor::names() {
  static constexpr std::array<std::string_view, kFeatureCount> kNames = {
      "level",    "rolling_mean", "rolling_min", "rolling_max",   "rolling_deviation", "difference",
      "activity", "short_level",  "trend",       "hour_residual", "lag_difference"};
  return kNames;
}

bool FeatureExtractor::update(std::int64_t timestamp_ms, double value,
                              std::span<double, kFeatureCount> features) {
  if (!std::isfinite(value)) {
    std::fill(features.begin(), features.end(), 0.0);
    return false;
  }
  const double x = std::clamp(value, -kLargest, kLargest);
  State& s = state_;
  const bool first = s.count == 0;
  if (first) {
    s.last = s.long_mean = s.short_mean = x;
    s.values.fill(x);
  }
  // What is usual is known before this record: a spike must not hide itself.
  const double deviation = std::sqrt(s.long_variance);
  const double gap = x - s.last;
  double& slot = s.values[s.count % options_.window];
  const double lagged = slot;
  slot = x;
  const Window w = look_back();
  const double usual_residual = s.residual;
  const Ratio ratio{1e-12 * std::max(std::abs(x), std::abs(s.long_mean))};
  const double residual = hour_residual(timestamp_ms, x);
  const std::array<double, kFeatureCount> raw = {
      ratio(x - s.long_mean, deviation),
      ratio(w.mean - s.long_mean, deviation),
      ratio(w.min - s.long_mean, deviation),
      ratio(w.max - s.long_mean, deviation),
      ratio(w.deviation, deviation),
      ratio(gap, s.step),
      ratio(w.activity, s.step),
      ratio(x - s.short_mean, std::sqrt(s.short_variance)),
      ratio(s.short_mean - s.long_mean, deviation),
      ratio(residual, usual_residual),
      ratio(x - lagged, deviation)};
  std::transform(raw.begin(), raw.end(), features.begin(), compress);
  fold(x, gap);
  return s.count > options_.warm_up;
}

// The window is small and contiguous: one pass beats any incremental structure, and is exact.
FeatureExtractor::Window FeatureExtractor::look_back() const {
  const std::uint32_t n = options_.window;
  const double* values = state_.values.data();
  Window w{0, 0, values[0], values[0], 0};
  double last = values[n - 1];
  for (std::uint32_t i = 0; i < n; ++i) {
    w.mean += values[i];
    w.min = std::min(w.min, values[i]);
    w.max = std::max(w.max, values[i]);
    w.activity += std::abs(values[i] - last);
    last = values[i];
  }
  // The ring's seam, from the newest to the oldest value, is no step of the series.
  const std::uint32_t newest = static_cast<std::uint32_t>(state_.count % n);
  w.activity -= std::abs(values[(newest + 1) % n] - values[newest]);
  w.activity = std::max(w.activity, 0.0) / (n - 1);
  w.mean /= n;
  for (std::uint32_t i = 0; i < n; ++i) {
    w.deviation += (values[i] - w.mean) * (values[i] - w.mean);
  }
  w.deviation = std::sqrt(w.deviation / n);
  return w;
}

double FeatureExtractor::hour_residual(std::int64_t timestamp_ms, double value) {
  State& s = state_;
  const std::int64_t in_day = ((timestamp_ms % (kHours * kHourMs)) + kHours * kHourMs);
  const auto hour = static_cast<std::uint32_t>(in_day / kHourMs % kHours);
  if (hour != s.hour) {
    if (s.hour < kHours) {
      std::uint16_t& visits = s.hour_visits[s.hour];
      const double rate = std::max(0.1, 1.0 / (visits + 1));
      s.hour_means[s.hour] += rate * (s.visit_sum / s.visit_count - s.hour_means[s.hour]);
      visits = static_cast<std::uint16_t>(std::min(visits + 1, 0xffff));
    }
    s.hour = hour;
    s.visit_sum = 0;
    s.visit_count = 0;
  }
  if (s.visit_count < 0xffffffffU) {
    s.visit_sum += value;
    ++s.visit_count;
  }
  s.residuals[s.count % 3] = s.hour_visits[hour] > 0 ? value - s.hour_means[hour] : 0.0;
  const auto n = static_cast<double>(std::min<std::uint64_t>(s.count + 1, 3));
  return (s.residuals[0] + s.residuals[1] + s.residuals[2]) / n;
}

// A young series learns by plain averages, until the memory's own rate is faster.
void FeatureExtractor::fold(double value, double gap) {
  State& s = state_;
  const double young = 1.0 / static_cast<double>(s.count + 1);
  const double long_rate = std::max(long_rate_, young);
  fade(s.long_mean, s.long_variance, value, long_rate);
  fade(s.short_mean, s.short_variance, value, std::max(short_rate_, young));
  if (s.count > 0) {
    s.step += std::max(long_rate_, 1.0 / static_cast<double>(s.count)) * (std::abs(gap) - s.step);
  }
  const double residual = std::abs(s.residuals[s.count % 3]);
  s.residual = s.residual == 0 ? residual : s.residual + long_rate * (residual - s.residual);
  s.last = value;
  ++s.count;
}

void FeatureExtractor::serialize(std::string& bytes) const {
  static_assert(std::endian::native == std::endian::little);
  const std::size_t start = bytes.size();
  bytes.resize(start + 1 + sizeof(State));
  bytes[start] = kStateVersion;
  std::memcpy(bytes.data() + start + 1, &state_, sizeof(State));
}

Status FeatureExtractor::deserialize(std::string_view bytes) {
  if (bytes.size() != 1 + sizeof(State)) {
    return Error::data("a feature state of " + std::to_string(bytes.size()) + " bytes; " +
                       std::to_string(1 + sizeof(State)) + " are expected");
  }
  if (bytes[0] != kStateVersion) {
    return Error::data("a feature state of version " + std::to_string(bytes[0]) +
                       "; this program reads version " + std::to_string(kStateVersion));
  }
  State state;
  std::memcpy(&state, bytes.data() + 1, sizeof(State));
  if (!valid(state)) {
    return Error::data("a feature state with numbers that cannot be");
  }
  state_ = state;
  return {};
}

bool FeatureExtractor::valid(const State& s) {
  const auto finite = [](double x) { return std::isfinite(x); };
  return s.hour <= kHours && (s.hour == kHours || s.visit_count > 0) && finite(s.last) &&
         finite(s.long_mean) && finite(s.short_mean) && finite(s.visit_sum) && finite(s.step) &&
         finite(s.residual) && s.long_variance >= 0 && finite(s.long_variance) &&
         s.short_variance >= 0 && finite(s.short_variance) &&
         std::all_of(s.residuals.begin(), s.residuals.end(), finite) &&
         std::all_of(s.values.begin(), s.values.end(), finite) &&
         std::all_of(s.hour_means.begin(), s.hour_means.end(), finite);
}

}  // namespace millstream::forest
