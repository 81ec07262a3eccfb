#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millstream {

/// A number that only grows. **Thread**: one or more writers, relaxed.
class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// A number that goes up and down. **Thread**: as Counter.
class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// Observations counted in buckets by their upper bounds. **Thread**: as Counter; a reader may see
/// an observation in the sum a moment before it sees it in a bucket.
class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)) {
    for (std::size_t i = 0; i <= bounds_.size(); ++i) counts_.emplace_back(0);
  }
  void observe(double value, std::uint64_t times = 1);

  [[nodiscard]] std::span<const double> bounds() const { return bounds_; }
  /// Observations in bucket `i`, not cumulative; the last one has no upper bound.
  [[nodiscard]] std::uint64_t count(std::size_t i) const {
    return counts_[i].load(std::memory_order_relaxed);
  }
  [[nodiscard]] double sum() const { return sum_.load(std::memory_order_relaxed); }
  /// The value below which the fraction `q` of the observations lies, interpolated in its bucket.
  [[nodiscard]] double quantile(double q) const;

 private:
  std::vector<double> bounds_;
  std::deque<std::atomic<std::uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

using MetricLabels = std::map<std::string, std::string>;

/// All metrics of a process. Names and labels are looked up when a metric is made, never a record:
/// keep the reference. **Thread**: safe. **Lifetime**: metrics live as long as the registry.
class Metrics {
 public:
  Counter& counter(std::string_view name, std::string_view help, const MetricLabels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const MetricLabels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                       const MetricLabels& labels = {});

  /// One metric, as an exporter sees it; exactly one of the three pointers is set.
  struct Sample {
    const MetricLabels* labels = nullptr;
    const Counter* counter = nullptr;
    const Gauge* gauge = nullptr;
    const Histogram* histogram = nullptr;
  };
  using Visitor = std::function<void(std::string_view name, std::string_view help, const Sample&)>;
  /// Call `visit` for each metric, ordered by name and labels.
  void visit(const Visitor& visit) const;

 private:
  template <class M>
  struct Family {
    std::string help;
    std::map<MetricLabels, M> metrics;
  };
  template <class M>
  using Families = std::map<std::string, Family<M>, std::less<>>;

  mutable std::mutex mutex_;
  Families<Counter> counters_;
  Families<Gauge> gauges_;
  Families<Histogram> histograms_;
};

}  // namespace millstream
