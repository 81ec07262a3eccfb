#include "collectable.h"

#include <millstream/core/metrics.h>

#include <limits>
#include <map>
#include <string>

namespace millstream {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricType type_of(const Metrics::Sample& sample) {
  if (sample.counter != nullptr) return MetricType::Counter;
  return sample.gauge != nullptr ? MetricType::Gauge : MetricType::Histogram;
}

ClientMetric::Histogram to_histogram(const Histogram& histogram) {
  ClientMetric::Histogram out;
  out.sample_sum = histogram.sum();
  const auto bounds = histogram.bounds();
  for (std::size_t i = 0; i <= bounds.size(); ++i) {
    out.sample_count += histogram.count(i);
    const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    out.bucket.push_back({out.sample_count, bound});
  }
  return out;
}

ClientMetric to_metric(const Metrics::Sample& sample) {
  ClientMetric metric;
  for (const auto& [name, value] : *sample.labels) metric.label.push_back({name, value});
  if (sample.counter != nullptr) {
    metric.counter.value = static_cast<double>(sample.counter->value());
  } else if (sample.gauge != nullptr) {
    metric.gauge.value = sample.gauge->value();
  } else {
    metric.histogram = to_histogram(*sample.histogram);
  }
  return metric;
}

}  // namespace

std::vector<MetricFamily> MetricsCollectable::Collect() const {
  std::map<std::string, MetricFamily, std::less<>> families;
  metrics_.visit([&](std::string_view name, std::string_view help, const Metrics::Sample& sample) {
    auto [at, is_new] = families.try_emplace(std::string(name));
    MetricFamily& family = at->second;
    if (is_new) family = {std::string(name), std::string(help), type_of(sample), {}};
    // A name has one type; the first one made wins, as everywhere in Prometheus.
    if (family.type == type_of(sample)) family.metric.push_back(to_metric(sample));
  });
  std::vector<MetricFamily> out;
  out.reserve(families.size());
  for (auto& [name, family] : families) out.push_back(std::move(family));
  return out;
}

}  // namespace millstream
