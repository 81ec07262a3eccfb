#pragma once

#include <memory>

#include "replayer.h"
#include "service.h"

namespace anomaly {

/// Replays a data set into the topic of metrics.
class ProduceService final : public Service {
 public:
  ProduceService(const DataSet& data, ReplayOptions options, ServiceContext& context);

  [[nodiscard]] std::string_view name() const override { return "produce"; }
  millstream::Status start() override;
  millstream::Result<Rest> step() override;

 private:
  void say_progress();

  ServiceContext& context_;
  Replayer replayer_;
  millstream::Counter& produced_;
  std::uint64_t counted_ = 0;
  std::chrono::nanoseconds said_{};
};

}  // namespace anomaly
