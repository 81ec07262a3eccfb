#pragma once

#include <millstream/core/config.h>
#include <millstream/core/log.h>
#include <millstream/core/metrics.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>
#include <millstream/runtime/kafka_streams.h>
#include <millstream/transport/broker.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "data_set.h"
#include "detector_topology.h"
#include "model_source.h"
#include "replayer.h"
#include "result_reader.h"
#include "stop_signal.h"

namespace anomaly {

/// Replay, detection and a reader of the results in one process, over one broker, until all of a
/// data set has come through. What an earlier process left undone is taken up where it stands.
/// **Thread**: one; the replay and the detector have their own. **Lifetime**: arguments outlive it.
class Pipeline {
 public:
  struct Outside {
    const millstream::Clock& clock;
    millstream::Logger& logger;
    millstream::Metrics& metrics;
    StopSignal& stop;
  };
  /// What a progress line shows.
  struct Progress {
    std::uint64_t produced = 0;
    std::uint64_t done = 0;  ///< Records whose result is committed.
    std::uint64_t total = 0;
    std::size_t anomalies = 0;
    std::size_t alerts = 0;
    double records_per_second = 0;
  };

  /// `models` as for make_detector_topology.
  Pipeline(const DataSet& data, std::shared_ptr<const ModelSource> models,
           millstream::Config config, Outside outside);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// Open everything and let it run. `rate`: records a second at most; 0: as fast as it goes.
  millstream::Status start(double rate);
  /// Wait for the end, telling `show` some times a second. False: it was stopped by a signal.
  millstream::Result<bool> run(const std::function<void(const Progress&)>& show);

  [[nodiscard]] const Results& results() const { return reader_->results(); }
  [[nodiscard]] const Latencies& latencies() const { return reader_->latencies(); }
  /// What the stores hold, as state_digest() says it. After the end.
  [[nodiscard]] millstream::Result<std::string> final_state() const;
  /// Of this process.
  [[nodiscard]] double records_per_second() const { return records_per_second_; }
  /// Records that were there already when it started.
  [[nodiscard]] std::uint64_t found() const { return replayer_->found(); }

 private:
  millstream::Status open_broker();
  millstream::Status open_replayer(double rate);
  millstream::Status start_detector();
  void replay(std::stop_token stop);
  [[nodiscard]] bool may_replay_more() const;
  millstream::Result<bool> step();
  [[nodiscard]] Progress progress() const;
  void measure_rate();

  const DataSet& data_;
  std::shared_ptr<const ModelSource> models_;
  millstream::Config config_;
  Outside outside_;
  DetectorOptions options_;
  std::unique_ptr<millstream::Broker> broker_;
  std::optional<Replayer> replayer_;
  std::optional<millstream::KafkaStreams> detector_;
  std::optional<ResultReader> reader_;
  std::atomic<std::uint64_t> produced_{0};
  std::atomic<std::uint64_t> done_{0};
  std::atomic<bool> replayed_{false};
  std::mutex mutex_;
  millstream::Error replay_error_;  // guarded by mutex_
  bool finishing_ = false;
  std::chrono::nanoseconds began_{};
  std::uint64_t last_done_ = 0;
  double records_per_second_ = 0;
  std::jthread replay_thread_;
};

}  // namespace anomaly
