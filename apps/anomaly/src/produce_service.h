#pragma once

#include <chrono>
#include <cstdint>

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
  /// Wait until what was written is acknowledged.
  millstream::Status finish() override;

 private:
  void say_progress(std::string_view event);

  ServiceContext& context_;
  Replayer replayer_;
  millstream::Counter& produced_;
  std::uint64_t total_;  // of one round of the data
  std::uint64_t counted_ = 0;
  std::uint64_t counted_when_said_ = 0;
  std::chrono::nanoseconds said_{};
};

}  // namespace anomaly
