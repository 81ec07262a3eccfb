#pragma once

#include <millstream/runtime/kafka_streams.h>

#include <memory>
#include <optional>
#include <string>

#include "model_source.h"
#include "model_topic.h"
#include "model_watch.h"
#include "service.h"

namespace anomaly {

/// Runs the detector's topology. The offline detector's model may be replaced meanwhile: by a new
/// file, or, if `anomaly.model.topic` is set, by what is published there; the file then is for the
/// start only.
class DetectService final : public Service {
 public:
  /// `models` is null unless the detector is the offline one.
  DetectService(std::shared_ptr<ModelSource> models, ServiceContext& context)
      : models_(std::move(models)), context_(context) {}

  ~DetectService() override;

  [[nodiscard]] std::string_view name() const override { return "detect"; }
  millstream::Status start() override;
  millstream::Result<Rest> step() override;
  millstream::Status finish() override;

 private:
  millstream::Status watch_model();
  millstream::Result<bool> look_for_model();
  void show(const std::string& topology);
  void show_model();

  std::shared_ptr<ModelSource> models_;
  ServiceContext& context_;
  std::optional<ModelWatch> watch_;
  std::optional<ModelTopic> topic_;
  std::optional<millstream::KafkaStreams> streams_;
};

}  // namespace anomaly
