#include "produce_service.h"

#include <chrono>

namespace anomaly {

using millstream::Result;
using millstream::Status;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kRecordsAStep = 1000;
constexpr auto kSayEvery = 5s;

}  // namespace

ProduceService::ProduceService(const DataSet& data, ReplayOptions options, ServiceContext& context)
    : context_(context),
      replayer_(data, context.broker, context.clock, std::move(options)),
      produced_(context.metrics.counter("records_produced_total", "Metrics written to Kafka.")) {}

Status ProduceService::start() {
  MILLSTREAM_TRY(replayer_.open());
  counted_ = replayer_.position();
  said_ = context_.clock.monotonic();
  if (replayer_.found() > 0) {
    context_.logger.info("the replay goes on where it was",
                         {{"records", std::to_string(replayer_.found())}});
  }
  return {};
}

Result<Service::Rest> ProduceService::step() {
  const auto rest = replayer_.step(kRecordsAStep);
  produced_.add(replayer_.position() - counted_);
  counted_ = replayer_.position();
  if (!rest) return rest.error();
  if (!*rest || context_.clock.monotonic() - said_ >= kSayEvery) say_progress();
  return *rest;
}

void ProduceService::say_progress() {
  said_ = context_.clock.monotonic();
  context_.logger.info("metrics produced", {{"records", std::to_string(counted_)}});
}

}  // namespace anomaly
