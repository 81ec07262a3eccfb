#pragma once

#include <millstream/core/config.h>
#include <millstream/core/log.h>
#include <millstream/core/metrics.h>
#include <millstream/core/result.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "command.h"
#include "model_source.h"
#include "replayer.h"
#include "service.h"

namespace CLI {
class App;
}

namespace anomaly {

class RecentResults;

/// What the user said to a service.
struct ServiceArguments {
  SettingArguments settings;
  std::string bootstrap;  ///< `--bootstrap-servers`, in place of the setting.
  std::string format;     ///< `--format`, in place of the setting.
};

/// What the user said about replaying.
struct ProduceArguments {
  std::string data;
  double rate = 0;
  std::string speed = "max";
  bool loop = false;
  std::string start;
};

using Services = std::vector<std::unique_ptr<Service>>;

/// Adds a process's services once the broker answers.
using MakeServices = std::function<millstream::Status(ServiceContext&, Services&)>;

/// What a process has that talks to no broker.
struct ProcessContext {
  const millstream::Clock& clock;
  millstream::Logger& logger;
  millstream::Metrics& metrics;
  RecentResults* results = nullptr;
};
using MakeProcess = std::function<millstream::Status(const ProcessContext&, Services&)>;

void add_service_options(CLI::App& command, ServiceArguments& arguments);
void add_produce_options(CLI::App& command, ProduceArguments& arguments);

/// The settings of a service; `fallback_bootstrap` where nobody names a broker. REDIS_URL,
/// HTTP_TOKEN and SMTP_URL of the environment stand for settings that aren't given.
/// **Errors**: user.
millstream::Result<millstream::Config> service_settings(const ServiceArguments& arguments,
                                                        const std::string& fallback_bootstrap);

/// How to replay. **Errors**: user: a speed or a time that is none.
millstream::Result<ReplayOptions> replay_options(const ProduceArguments& arguments,
                                                 const DetectorOptions& options);

/// `anomaly.model.file`, or where `anomaly train` puts the model.
std::filesystem::path detector_model_file(const millstream::Config& config);

/// The model in that file; null if `anomaly.detector` is one that needs none. The source is empty
/// as yet if there is no file and `anomaly.model.topic` is set.
/// **Errors**: as forest::load_model; user: no such detector.
millstream::Result<std::shared_ptr<ModelSource>> load_detector_model(
    const millstream::Config& config);

/// Open the broker, wait for it, run the services that `make` adds; serves metrics if the command
/// or `http.port` says so. **Errors**: of all of them.
millstream::Status run_service_process(const millstream::Config& config, CommandContext& context,
                                       const MakeServices& make);

/// The same for services that need no broker.
millstream::Status run_process_without_broker(const millstream::Config& config,
                                              CommandContext& context, const MakeProcess& make);

}  // namespace anomaly
