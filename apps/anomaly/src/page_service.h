#pragma once

#include <millstream/core/config.h>
#include <millstream/core/metrics.h>
#include <millstream/core/time.h>
#include <millstream/forest/model.h>
#include <millstream/http/event_stream.h>
#include <millstream/http/http_server.h>
#include <millstream/runtime/kafka_streams.h>

#include <nlohmann/json_fwd.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "api_results.h"
#include "api_sampler.h"

namespace anomaly {

/// The live page, its JSON API and its event stream. It is there before the broker answers and says
/// so; what it shows is told by the services as they come and go. One thread of its own takes a
/// sample a second. **Thread**: any. **Lifetime**: metrics and clock outlive it; it outlives the
/// server that has its routes.
class LivePage {
 public:
  /// The detector, while it is there. **Thread**: called from the page's threads.
  struct Detector {
    std::function<millstream::KafkaStreams::State()> state;
    std::function<std::vector<millstream::ThreadMetadata>()> threads;
    std::string topology_json;  ///< Of BuiltTopology::describe_json.
  };

  LivePage(const millstream::Config& config, millstream::Metrics& metrics,
           const millstream::Clock& clock);
  ~LivePage();
  LivePage(const LivePage&) = delete;
  LivePage& operator=(const LivePage&) = delete;

  /// The page at `/`, the API below `/api/v1`, `/livez` and `/readyz`. Before the server starts.
  void add_routes(millstream::HttpServer& server);
  /// Begin to take samples.
  void start();

  /// What the process is at: "waiting for the broker", "starting", "running", "stopping".
  void set_phase(std::string phase);
  /// The services of the process, for people: "detect", "alert", …
  void set_services(std::vector<std::string> names);
  void set_detector(Detector detector);
  void clear_detector();
  /// The model in use, and when its file was written (none(): not known).
  void set_model(std::shared_ptr<const millstream::forest::Model> model,
                 millstream::Timestamp trained_at);
  [[nodiscard]] RecentResults& results() { return results_; }

  /// Running, and with a detector: that has its tasks.
  [[nodiscard]] bool is_ready() const;

 private:
  using Json = nlohmann::ordered_json;

  void add_lists(millstream::HttpServer& server);
  void run(const std::stop_token& stop);
  void step();
  void publish(const std::vector<millstream::ThreadMetadata>& threads);
  [[nodiscard]] Json status() const;
  [[nodiscard]] Json history() const;
  [[nodiscard]] Json threads_json() const;
  [[nodiscard]] Json topology() const;
  [[nodiscard]] Json rates() const;
  [[nodiscard]] Json incidents(std::size_t limit, const std::string& series) const;
  [[nodiscard]] std::vector<millstream::ThreadMetadata> threads() const;

  const millstream::Clock& clock_;
  millstream::Metrics& metrics_;
  std::string application_id_;
  std::string broker_;
  std::string guarantee_;
  millstream::Timestamp started_at_;
  RecentResults results_;
  std::shared_ptr<millstream::EventStream> events_;
  std::uint64_t incidents_told_ = 0;  // the sampling thread's

  mutable std::mutex mutex_;  // guards what follows
  std::string phase_ = "starting";
  std::vector<std::string> services_;
  std::optional<Detector> detector_;
  std::string topology_json_;  // stays when the detector goes
  std::shared_ptr<const millstream::forest::Model> model_;
  millstream::Timestamp trained_at_ = millstream::Timestamp::none();
  Sampler sampler_;

  std::jthread sampling_;
};

}  // namespace anomaly
