#include "produce_service.h"

#include <fmt/format.h>

#include <algorithm>

#include "text_format.h"

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
      produced_(context.metrics.counter("records_produced_total", "Metrics written to Kafka.")),
      total_(data.points() + data.bad_lines()) {}

Status ProduceService::start() {
  MILLSTREAM_TRY(replayer_.open());
  counted_ = counted_when_said_ = replayer_.position();
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
  if (!*rest) {
    say_progress("all metrics are produced");
  } else if (context_.clock.monotonic() - said_ >= kSayEvery) {
    say_progress("metrics produced");
  }
  return *rest;
}

Status ProduceService::finish() {
  MILLSTREAM_TRY(replayer_.flush());
  if (replayer_.event_time()) say_progress("the replay ends; it goes on here next time");
  return {};
}

/// How far it is, in records, rounds of the data and event time, and how fast since the last word.
void ProduceService::say_progress(std::string_view event) {
  const auto now = context_.clock.monotonic();
  const std::chrono::duration<double> passed = now - said_;
  const double rate =
      passed.count() > 0 ? static_cast<double>(counted_ - counted_when_said_) / passed.count() : 0;
  const double rounds =
      static_cast<double>(counted_) / static_cast<double>(std::max<std::uint64_t>(total_, 1));
  const auto event_time = replayer_.event_time();
  context_.logger.info(event, {{"records", std::to_string(counted_)},
                               {"of_the_data", fmt::format("{:.1f}%", 100 * rounds)},
                               {"records_per_second", fmt::format("{:.0f}", rate)},
                               {"event_time", event_time ? short_time(event_time->ms()) : "end"}});
  said_ = now;
  counted_when_said_ = counted_;
}

}  // namespace anomaly
