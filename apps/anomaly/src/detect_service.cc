#include "detect_service.h"

#include <chrono>
#include <filesystem>
#include <utility>

#include "page_service.h"
#include "service_command.h"

namespace anomaly {

using millstream::Error;
using millstream::KafkaStreams;
using millstream::Result;
using millstream::Status;
using namespace std::chrono_literals;

namespace {

/// A model is as old as its file; none() if there is none.
millstream::Timestamp written_at(const std::filesystem::path& file) {
  std::error_code fault;
  const auto written = std::filesystem::last_write_time(file, fault);
  if (fault) return millstream::Timestamp::none();
  const auto system = std::chrono::file_clock::to_sys(written);
  return millstream::Timestamp(
      std::chrono::floor<std::chrono::milliseconds>(system.time_since_epoch()).count());
}

}  // namespace

DetectService::~DetectService() {
  if (context_.page != nullptr) context_.page->clear_detector();
}

Status DetectService::start() {
  MILLSTREAM_TRY(watch_model());
  auto topology = make_detector_topology(context_.options, models_);
  if (!topology) return topology.error();
  const std::string described = (*topology)->describe_json();
  streams_.emplace(std::move(topology), context_.config,
                   KafkaStreams::Options{.broker = &context_.broker,
                                         .logger = &context_.logger,
                                         .clock = &context_.clock,
                                         .metrics = &context_.metrics});
  if (context_.page != nullptr) show(described);
  MILLSTREAM_TRY(streams_->start());
  context_.logger.info("the detector runs",
                       {{"detector", std::string(to_string(context_.options.detector.kind))},
                        {"model", detector_version(context_.options.detector, models_)}});
  return {};
}

Status DetectService::watch_model() {
  if (!models_) return {};
  if (const std::string topic = context_.config.get("anomaly.model.topic"); !topic.empty()) {
    topic_.emplace(topic, models_, context_.broker, context_.logger, context_.metrics);
    return topic_->open();
  }
  const auto interval =
      context_.config.get_duration("anomaly.model.reload.ms", millstream::Duration(1000));
  if (!interval) return interval.error();
  watch_.emplace(detector_model_file(context_.config), *interval, models_, context_.logger,
                 context_.metrics);
  return {};
}

Result<Service::Rest> DetectService::step() {
  if (streams_->state() == KafkaStreams::State::kError) return streams_->error();
  const auto found = look_for_model();
  if (!found) return found.error();
  if (*found) show_model();
  return Rest(100ms);
}

Result<bool> DetectService::look_for_model() {
  if (topic_) return topic_->look();
  return watch_ && watch_->look(context_.clock.monotonic());
}

Status DetectService::finish() {
  const bool in_time = streams_->close();
  if (context_.page != nullptr) context_.page->clear_detector();
  if (in_time) return {};
  return Error::machine("closing took longer than 30 s; what wasn't committed is done again");
}

/// Until `finish` the page may ask.
void DetectService::show(const std::string& topology) {
  show_model();
  context_.page->set_detector({.state = [this] { return streams_->state(); },
                               .threads = [this] { return streams_->metadata_for_local_threads(); },
                               .topology_json = topology});
}

void DetectService::show_model() {
  if (context_.page == nullptr || !models_) return;
  context_.page->set_model(models_->current(), written_at(detector_model_file(context_.config)));
}

}  // namespace anomaly
