#include "pipeline.h"

#include <millstream/transport/open_broker.h>

#include <algorithm>
#include <chrono>

#include "state_digest.h"

namespace anomaly {

using millstream::Config;
using millstream::Duration;
using millstream::Error;
using millstream::KafkaStreams;
using millstream::Result;
using millstream::Status;
using namespace std::chrono_literals;

namespace {

/// Records that may be in the topic and not yet scored: enough to keep the detector busy, few
/// enough that latency is that of the pipeline and not of a queue.
constexpr std::uint64_t kMostUnderWay = 20'000;
constexpr std::size_t kRecordsAStep = 500;
constexpr auto kLongestSleep = 20ms;
constexpr Duration kPoll{50};
constexpr auto kShowEvery = 100ms;

}  // namespace

Pipeline::Pipeline(const DataSet& data, std::shared_ptr<const ModelSource> models, Config config,
                   Outside outside)
    : data_(data), models_(std::move(models)), config_(std::move(config)), outside_(outside) {}

Pipeline::~Pipeline() {
  replay_thread_ = {};  // asks it to stop, and waits
  if (detector_) detector_->close();
}

Status Pipeline::start(double rate) {
  auto options = DetectorOptions::from(config_);
  if (!options) return options.error();
  options_ = std::move(*options);
  MILLSTREAM_TRY(open_broker());
  MILLSTREAM_TRY(open_replayer(rate));
  auto reader = ResultReader::open(*broker_, options_.topics, options_.format, outside_.clock);
  if (!reader) return reader.error();
  reader_.emplace(std::move(*reader));
  MILLSTREAM_TRY(start_detector());
  began_ = outside_.clock.monotonic();
  replay_thread_ = std::jthread([this](std::stop_token stop) { replay(std::move(stop)); });
  return {};
}

Status Pipeline::open_broker() {
  auto broker = millstream::open_broker(config_, outside_.clock, outside_.logger);
  if (!broker) return broker.error();
  broker_ = std::move(*broker);
  return create_topics(broker_->admin(), options_.topics);
}

Status Pipeline::open_replayer(double rate) {
  replayer_.emplace(
      data_, *broker_, outside_.clock,
      ReplayOptions{.topic = options_.topics.metrics, .format = options_.format, .rate = rate});
  MILLSTREAM_TRY(replayer_->open());
  produced_ = replayer_->position();
  return {};
}

Status Pipeline::start_detector() {
  detector_.emplace(make_detector_topology(options_, models_), config_,
                    KafkaStreams::Options{.broker = broker_.get(),
                                          .logger = &outside_.logger,
                                          .clock = &outside_.clock,
                                          .metrics = &outside_.metrics});
  return detector_->start();
}

bool Pipeline::may_replay_more() const {
  return produced_.load(std::memory_order_relaxed) <
         done_.load(std::memory_order_relaxed) + kMostUnderWay;
}

// The replay's own thread.
void Pipeline::replay(std::stop_token stop) {
  while (!stop.stop_requested()) {
    if (!may_replay_more()) {
      std::this_thread::sleep_for(1ms);
      continue;
    }
    const auto wait = replayer_->step(kRecordsAStep);
    produced_.store(replayer_->position(), std::memory_order_relaxed);
    if (!wait) {
      const std::lock_guard lock(mutex_);
      replay_error_ = wait.error();
      return;
    }
    if (!*wait) {
      replayed_ = true;
      return;
    }
    if (**wait > 0ns)
      std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(**wait, kLongestSleep));
  }
}

Result<bool> Pipeline::run(const std::function<void(const Progress&)>& show) {
  auto shown = outside_.clock.monotonic();
  for (;;) {
    if (outside_.stop.is_raised()) return false;
    const auto done = step();
    if (!done) return done.error();
    const auto now = outside_.clock.monotonic();
    if (*done || now - shown >= kShowEvery) {
      show(progress());
      shown = now;
    }
    if (*done) return true;
  }
}

/// One round; true at the end.
Result<bool> Pipeline::step() {
  MILLSTREAM_TRY(reader_->poll(kPoll));
  const Results& results = reader_->results();
  done_.store(results.scores + results.dead_letters, std::memory_order_relaxed);
  measure_rate();
  if (detector_->state() == KafkaStreams::State::kError) return detector_->error();
  {
    const std::lock_guard lock(mutex_);
    if (replay_error_.is_set()) return replay_error_;
  }
  if (!replayed_) return false;
  if (!finishing_) {
    detector_->finish_input();
    finishing_ = true;
  }
  if (!detector_->input_finished()) return false;
  return reader_->is_at_end();
}

/// What a killed process had done already is read back at once and must not count as done now.
void Pipeline::measure_rate() {
  const std::uint64_t done = done_.load(std::memory_order_relaxed);
  const std::uint64_t before = std::min(replayer_->found(), done);
  if (done <= before || done == last_done_) return;
  last_done_ = done;
  const std::chrono::duration<double> passed = outside_.clock.monotonic() - began_;
  records_per_second_ = static_cast<double>(done - before) / std::max(passed.count(), 1e-9);
}

Pipeline::Progress Pipeline::progress() const {
  const Results& results = reader_->results();
  return {.produced = produced_,
          .done = done_,
          .total = data_.points() + data_.bad_lines(),
          .anomalies = results.anomalies.size(),
          .alerts = results.alerts.size(),
          .records_per_second = records_per_second_};
}

Result<std::string> Pipeline::final_state() const {
  return state_digest(*broker_, config_.get("application.id"));
}

}  // namespace anomaly
