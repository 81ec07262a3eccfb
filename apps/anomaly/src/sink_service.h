#pragma once

#include "redis_client.h"
#include "redis_sink.h"
#include "service.h"

namespace anomaly {

/// Keeps Redis up to the committed scores and alerts: recent scores, last values and state by
/// series; alerts by Pub/Sub (channel `anomaly:alerts`) and in streams.
class SinkService final : public Service {
 public:
  SinkService(const RedisOptions& redis, ServiceContext& context);

  [[nodiscard]] std::string_view name() const override { return "sink"; }
  millstream::Result<Rest> step() override;

 private:
  RedisClient redis_;
  RedisSink scores_;
  RedisSink alerts_;
  ServiceContext& context_;
};

}  // namespace anomaly
