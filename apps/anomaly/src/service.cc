#include "service.h"

#include <algorithm>
#include <mutex>
#include <thread>

#include "topics.h"

namespace anomaly {

using millstream::Duration;
using millstream::Error;
using millstream::Result;
using millstream::Status;
using namespace std::chrono_literals;

namespace {

constexpr auto kBetweenTries = 5s;
constexpr auto kLook = 50ms;

/// The services' threads and the first error.
class Running {
 public:
  explicit Running(const std::vector<std::unique_ptr<Service>>& services) {
    left_ = static_cast<std::size_t>(std::count_if(
        services.begin(), services.end(), [](const auto& one) { return !one->looks_on(); }));
    for (const auto& service : services) {
      threads_.emplace_back(
          [this, &service](const std::stop_token& stop) { loop(*service, stop); });
    }
  }
  [[nodiscard]] bool is_over() {
    const std::lock_guard lock(mutex_);
    return left_ == 0 || error_.is_set();
  }
  void stop() {
    for (auto& thread : threads_) thread.request_stop();
    threads_.clear();  // joins
  }
  [[nodiscard]] Error error() const { return error_; }

 private:
  void loop(Service& service, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto rest = service.step();
      if (!rest) return end(service, rest.error().within(service.name()));
      if (!*rest) return end(service, {});
      if (**rest > 0ns)
        std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(**rest, 100ms));
    }
  }
  void end(const Service& service, Error error) {
    const std::lock_guard lock(mutex_);
    if (!service.looks_on()) --left_;
    if (!error_.is_set()) error_ = std::move(error);
  }

  std::mutex mutex_;
  std::size_t left_ = 0;  // guarded by mutex_
  Error error_;           // guarded by mutex_, read freely after stop
  std::vector<std::jthread> threads_;
};

Status finish(const std::vector<std::unique_ptr<Service>>& services, std::size_t started,
              Status status) {
  for (std::size_t i = started; i > 0; --i) {
    if (const auto finished = services[i - 1]->finish(); !finished && status) {
      status = finished.error().within(services[i - 1]->name());
    }
  }
  return status;
}

}  // namespace

Status run_services(const std::vector<std::unique_ptr<Service>>& services, StopSignal& stop,
                    millstream::Logger& logger) {
  for (std::size_t i = 0; i < services.size(); ++i) {
    if (const auto started = services[i]->start(); !started) {
      return finish(services, i, started.error().within(services[i]->name()));
    }
  }
  Running running(services);
  while (!running.is_over() && !stop.is_raised()) std::this_thread::sleep_for(kLook);
  if (stop.is_raised()) logger.info("a signal came: finishing; a second one leaves at once");
  running.stop();
  const Error error = running.error();
  const Status finished =
      finish(services, services.size(), error.is_set() ? Status(error) : Status());
  if (finished) logger.info("finished");
  return finished;
}

Result<bool> wait_for_broker(const ServiceContext& context, StopSignal& stop) {
  for (;;) {
    const auto topics = context.broker.admin().list_topics();
    if (topics) break;
    context.logger.warning("the broker doesn't answer; trying again in 5 s",
                           {{"bootstrap.servers", context.config.get("bootstrap.servers")},
                            {"error", std::string(topics.error().message())}});
    for (auto waited = 0ms; waited < kBetweenTries; waited += kLook) {
      if (stop.is_raised()) return false;
      std::this_thread::sleep_for(kLook);
    }
  }
  const auto create = context.config.get_bool("anomaly.topics.create", true);
  if (!create) return create.error();
  if (*create) MILLSTREAM_TRY(create_topics(context.broker.admin(), context.options.topics));
  return true;
}

}  // namespace anomaly
