#pragma once

#include <millstream/forest/model.h>
#include <millstream/runtime/kafka_streams.h>

#include <memory>
#include <optional>
#include <string>

#include "service.h"

namespace anomaly {

/// Runs the detector's topology.
class DetectService final : public Service {
 public:
  DetectService(std::shared_ptr<const millstream::forest::Model> model, ServiceContext& context)
      : model_(std::move(model)), context_(context) {}

  ~DetectService() override;

  [[nodiscard]] std::string_view name() const override { return "detect"; }
  millstream::Status start() override;
  millstream::Result<Rest> step() override;
  millstream::Status finish() override;

 private:
  void show(const std::string& topology);

  std::shared_ptr<const millstream::forest::Model> model_;
  ServiceContext& context_;
  std::optional<millstream::KafkaStreams> streams_;
};

}  // namespace anomaly
