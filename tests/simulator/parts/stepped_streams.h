#pragma once

#include <millstream/core/config.h>
#include <millstream/runtime/kafka_streams.h>

#include "faults.h"
#include "simulated_broker.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace millstream::simulation {

/// One incarnation of an instance of the application, with its threads as fibers of one process of
/// the scheduler. Everything inside is the real runtime. **Thread**: the simulation's one.
class SteppedStreams {
 public:
  struct Options {
    std::shared_ptr<const BuiltTopology> topology;
    Config config;
    /// Longest waits of a step.
    Duration wait{50};
    Logger* logger = nullptr;
    std::uint64_t seed = 1;
    /// Told of an error that left a thread.
    std::function<void(const Error&)> on_error;
  };
  SteppedStreams(Options options, Client client);
  /// Forgets everything, like a killed process. Its fibers must be gone.
  ~SteppedStreams();
  SteppedStreams(const SteppedStreams&) = delete;
  SteppedStreams& operator=(const SteppedStreams&) = delete;

  /// Begin to run.
  void spawn();
  /// Ask it to close by itself.
  void request_close() { closing_ = true; }
  /// It has closed, or ended by an error.
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] int process() const { return client_.process; }
  /// From now on nothing reaches the brokers. Before its fibers are killed.
  void die() { client_.dead = true; }
  /// The tasks that run, without those being restored.
  void for_each_task(const std::function<void(StreamTask&)>& visit);
  [[nodiscard]] bool runs_all_it_has() const;
  [[nodiscard]] std::uint64_t wipes() const;

 private:
  void run();
  void run_thread(std::size_t index);
  void close();

  Options options_;
  Client client_;
  SimulatedBroker broker_;
  Metrics metrics_;
  std::unique_ptr<KafkaStreams> streams_;
  bool closing_ = false;
  bool threads_end_ = false;
  std::size_t threads_running_ = 0;
  bool ended_ = false;
};

}  // namespace millstream::simulation
