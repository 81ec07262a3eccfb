#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <vector>

namespace millstream {

class Metrics;

/// The registry, as prometheus-cpp collects it. **Lifetime**: metrics outlive it.
class MetricsCollectable final : public prometheus::Collectable {
 public:
  explicit MetricsCollectable(const Metrics& metrics) : metrics_(metrics) {}
  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Metrics& metrics_;
};

}  // namespace millstream
