#include "detect_service.h"

#include <chrono>

#include "service_command.h"

namespace anomaly {

using millstream::Error;
using millstream::KafkaStreams;
using millstream::Result;
using millstream::Status;
using namespace std::chrono_literals;

Status DetectService::start() {
  MILLSTREAM_TRY(watch_model());
  streams_.emplace(make_detector_topology(context_.options, models_), context_.config,
                   KafkaStreams::Options{.broker = &context_.broker,
                                         .logger = &context_.logger,
                                         .clock = &context_.clock,
                                         .metrics = &context_.metrics});
  MILLSTREAM_TRY(streams_->start());
  context_.logger.info("the detector runs",
                       {{"detector", std::string(to_string(context_.options.detector.kind))},
                        {"model", detector_version(context_.options.detector, models_)}});
  return {};
}

Status DetectService::watch_model() {
  if (!models_) return {};
  const auto interval =
      context_.config.get_duration("anomaly.model.reload.ms", millstream::Duration(1000));
  if (!interval) return interval.error();
  watch_.emplace(detector_model_file(context_.config), *interval, models_, context_.logger,
                 context_.metrics);
  return {};
}

Result<Service::Rest> DetectService::step() {
  if (streams_->state() == KafkaStreams::State::kError) return streams_->error();
  if (watch_) watch_->look(context_.clock.monotonic());
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
