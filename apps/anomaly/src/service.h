#pragma once

#include <millstream/core/config.h>
#include <millstream/core/log.h>
#include <millstream/core/metrics.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>
#include <millstream/transport/broker.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "detector_topology.h"
#include "stop_signal.h"

namespace anomaly {

class LivePage;

/// What all services of a process share. **Lifetime**: outlives them.
struct ServiceContext {
  millstream::Config config;
  DetectorOptions options;
  const millstream::Clock& clock;
  millstream::Logger& logger;
  millstream::Metrics& metrics;
  millstream::Broker& broker;
  /// Told of what the services do; null: nobody looks.
  LivePage* page = nullptr;
};

/// A part of the program that works in steps, on a thread of its own.
class Service {
 public:
  /// How long it may rest before the next step; nothing: it has done its work.
  using Rest = std::optional<std::chrono::nanoseconds>;

  virtual ~Service() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// **Thread**: as `finish`, the one that runs all services.
  virtual millstream::Status start() { return {}; }
  /// Do a bounded piece of work; waits 0.1 s at most. **Errors**: end the process.
  virtual millstream::Result<Rest> step() = 0;
  /// Whether it only looks on: the process ends when all others have done their work.
  [[nodiscard]] virtual bool looks_on() const { return false; }
  /// Keep what is to be kept and close.
  virtual millstream::Status finish() { return {}; }
};

/// Run services until each that works has done so, one fails, or a signal comes; finish them in
/// reverse order. A second signal ends the process at once. **Errors**: the first one's, with its
/// name.
millstream::Status run_services(const std::vector<std::unique_ptr<Service>>& services,
                                StopSignal& stop, millstream::Logger& logger);

/// Wait until the broker answers, asking every 5 s and saying so; then make the topics unless
/// anomaly.topics.create is false. False: a signal came.
millstream::Result<bool> wait_for_broker(const ServiceContext& context, StopSignal& stop);

}  // namespace anomaly
