#include <millstream/core/metrics.h>

#include <algorithm>
#include <tuple>

namespace millstream {

void Histogram::observe(double value, std::uint64_t times) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(times, std::memory_order_relaxed);
  sum_.fetch_add(value * static_cast<double>(times), std::memory_order_relaxed);
}

double Histogram::quantile(double q) const {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) total += count(i);
  if (total == 0 || bounds_.empty()) return 0;
  const double rank = q * static_cast<double>(total);
  double below = 0;
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    const auto here = static_cast<double>(count(i));
    if (here > 0 && below + here >= rank) {
      const double low = i == 0 ? 0 : bounds_[i - 1];
      return low + (bounds_[i] - low) * (rank - below) / here;
    }
    below += here;
  }
  return bounds_.back();
}

namespace {

template <class Families, class... Args>
auto& find_or_make(Families& families, std::string_view name, std::string_view help,
                   const MetricLabels& labels, Args&&... args) {
  auto family = families.find(name);
  if (family == families.end()) {
    family = families.emplace(std::piecewise_construct, std::forward_as_tuple(name), std::tuple<>())
                 .first;
    family->second.help = help;
  }
  return family->second.metrics.try_emplace(labels, std::forward<Args>(args)...).first->second;
}

}  // namespace

Counter& Metrics::counter(std::string_view name, std::string_view help,
                          const MetricLabels& labels) {
  const std::scoped_lock lock(mutex_);
  return find_or_make(counters_, name, help, labels);
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, const MetricLabels& labels) {
  const std::scoped_lock lock(mutex_);
  return find_or_make(gauges_, name, help, labels);
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help,
                              std::vector<double> bounds, const MetricLabels& labels) {
  const std::scoped_lock lock(mutex_);
  return find_or_make(histograms_, name, help, labels, std::move(bounds));
}

void Metrics::visit(const Visitor& visit) const {
  const std::scoped_lock lock(mutex_);
  for (const auto& [name, family] : counters_) {
    for (const auto& [labels, metric] : family.metrics) {
      visit(name, family.help, {.labels = &labels, .counter = &metric});
    }
  }
  for (const auto& [name, family] : gauges_) {
    for (const auto& [labels, metric] : family.metrics) {
      visit(name, family.help, {.labels = &labels, .gauge = &metric});
    }
  }
  for (const auto& [name, family] : histograms_) {
    for (const auto& [labels, metric] : family.metrics) {
      visit(name, family.help, {.labels = &labels, .histogram = &metric});
    }
  }
}

}  // namespace millstream
