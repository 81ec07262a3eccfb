#include "detect_service.h"

#include <chrono>

namespace anomaly {

using millstream::Error;
using millstream::KafkaStreams;
using millstream::Result;
using millstream::Status;
using namespace std::chrono_literals;

Status DetectService::start() {
  streams_.emplace(make_detector_topology(context_.options, model_), context_.config,
                   KafkaStreams::Options{.broker = &context_.broker,
                                         .logger = &context_.logger,
                                         .clock = &context_.clock,
                                         .metrics = &context_.metrics});
  MILLSTREAM_TRY(streams_->start());
  context_.logger.info("the detector runs", {{"model", model_->version()}});
  return {};
}

Result<Service::Rest> DetectService::step() {
  if (streams_->state() == KafkaStreams::State::kError) return streams_->error();
  return Rest(100ms);
}

Status DetectService::finish() {
  if (streams_->close()) return {};
  return Error::machine("closing took longer than 30 s; what wasn't committed is done again");
}

bool DetectService::is_ready() const {
  return streams_ && streams_->state() == KafkaStreams::State::kRunning;
}

}  // namespace anomaly
