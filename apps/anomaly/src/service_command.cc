#include "service_command.h"

#include <millstream/forest/nab_corpus.h>
#include <millstream/transport/open_broker.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "api_feed.h"
#include "detector_model.h"
#include "log_file.h"
#include "mail_settings.h"
#include "page_server.h"
#include "page_service.h"

namespace anomaly {

using millstream::Config;
using millstream::Error;
using millstream::Logger;
using millstream::Metrics;
using millstream::Result;
using millstream::Status;
using millstream::Timestamp;
using millstream::forest::Model;

void add_service_options(CLI::App& command, ServiceArguments& arguments) {
  command.add_option("--bootstrap-servers", arguments.bootstrap, "Kafka (default: localhost:9092)")
      ->type_name("HOST:PORT,...");
  command.add_option("--format", arguments.format, "protobuf (default) or json, for kcat")
      ->check(CLI::IsMember({"protobuf", "json"}));
  add_setting_options(command, arguments.settings);
}

void add_produce_options(CLI::App& command, ProduceArguments& arguments) {
  command
      .add_option("--data", arguments.data,
                  "Folder with NAB's layout, folder or pattern of CSV files "
                  "(default: NAB, else the project's sample)")
      ->type_name("DIR");
  command.add_option("--rate", arguments.rate, "Records a second at most (default: no bound)")
      ->check(CLI::NonNegativeNumber);
  command
      .add_option("--speed", arguments.speed,
                  "How many times as fast as it happened: 1x, 60x, ..., max")
      ->capture_default_str();
  command.add_flag("--loop", arguments.loop, "Begin again at the end, with later timestamps");
  command
      .add_option("--start", arguments.start,
                  "Leave out what is before this time (UTC): \"2014-04-10 07:15:00\"")
      ->type_name("TIME");
}

namespace {

/// What may come from the environment or `.env` in place of a setting: above all secrets, which
/// then stand in no file of settings and on no command line.
constexpr std::array<std::pair<const char*, const char*>, 3> kFromEnvironment = {
    {{"redis.url", "REDIS_URL"}, {"http.token", "HTTP_TOKEN"}, {"smtp.url", "SMTP_URL"}}};

Status add_from_environment(Config& config) {
  const auto environment = environment_with_file(config.get("env.file", ".env"));
  if (!environment) return environment.error();
  for (const auto& [setting, variable] : kFromEnvironment) {
    if (config.contains(setting)) continue;
    if (auto value = (*environment)(variable)) config.set(setting, std::move(*value));
  }
  return {};
}

}  // namespace

Result<Config> service_settings(const ServiceArguments& arguments,
                                const std::string& fallback_bootstrap) {
  auto given = read_settings(arguments.settings);
  if (!given) return given.error();
  Config config = with_service_defaults(std::move(*given));
  if (!arguments.bootstrap.empty()) config.set("bootstrap.servers", arguments.bootstrap);
  if (!config.contains("bootstrap.servers")) config.set("bootstrap.servers", fallback_bootstrap);
  if (!arguments.format.empty()) config.set("anomaly.format", arguments.format);
  MILLSTREAM_TRY(add_from_environment(config));
  return config;
}

namespace {

/// 0 for "max"; the number of "60x" or "60".
Result<double> parse_speed(std::string_view text) {
  if (text == "max") return 0.0;
  std::string_view number = text;
  if (number.ends_with('x')) number.remove_suffix(1);
  double speed = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), speed);
  if (error != std::errc() || end != number.data() + number.size() || !(speed > 0)) {
    return Error::user(fmt::format("--speed {}: give a factor such as 1x or 60x, or max", text));
  }
  return speed;
}

std::vector<std::string> names_of(const Services& services) {
  std::vector<std::string> names;
  for (const auto& service : services) names.emplace_back(service->name());
  return names;
}

}  // namespace

Result<ReplayOptions> replay_options(const ProduceArguments& arguments,
                                     const DetectorOptions& options) {
  ReplayOptions replay{.topic = options.topics.metrics,
                       .format = options.format,
                       .rate = arguments.rate,
                       .records = {.loop = arguments.loop}};
  const auto speed = parse_speed(arguments.speed);
  if (!speed) return speed.error();
  replay.speed = *speed;
  if (!arguments.start.empty()) {
    const auto start = millstream::forest::parse_timestamp(arguments.start);
    if (!start) return Error::user("--start: " + std::string(start.error().message()));
    replay.records.start = Timestamp(*start);
  }
  return replay;
}

std::filesystem::path detector_model_file(const Config& config) {
  return config.get("anomaly.model.file", "model/isolation_forest.model");
}

Result<std::shared_ptr<ModelSource>> load_detector_model(const Config& config) {
  const auto settings = DetectorSettings::from(config);
  if (!settings) return settings.error();
  if (settings->kind != DetectorKind::kOffline) return std::shared_ptr<ModelSource>();
  const auto file = detector_model_file(config);
  if (!config.get("anomaly.model.topic").empty() && !std::filesystem::exists(file)) {
    return std::make_shared<ModelSource>(nullptr);  // the topic's, once it is read
  }
  auto model = load_usable_model(file);
  if (!model) return model.error();
  return std::make_shared<ModelSource>(std::make_shared<const Model>(std::move(*model)));
}

Status run_service_process(const Config& config, CommandContext& context,
                           const MakeServices& make) {
  const auto logger = log_to_stderr(config.get("log.level", "info"));
  if (!logger) return logger.error();
  auto options = DetectorOptions::from(config);
  if (!options) return options.error();
  Metrics metrics;
  const auto broker = millstream::open_broker(config, context.clock, **logger);
  if (!broker) return broker.error();
  LivePage page(config, metrics, context.clock);
  ServiceContext shared{config, *options, context.clock, **logger, metrics, **broker, &page};
  const auto server = start_page_server(config, context.serves_metrics, page, metrics, **logger);
  if (!server) return server.error();
  page.set_phase("waiting for the broker");
  const auto answers = wait_for_broker(shared, context.stop);
  if (!answers) return answers.error();
  if (!*answers) return {};
  page.set_phase("starting");
  Services services;
  MILLSTREAM_TRY(make(shared, services));
  if (*server != nullptr) services.push_back(std::make_unique<FeedService>(page, shared));
  page.set_services(names_of(services));
  return run_services(services, context.stop, **logger);
}

Status run_process_without_broker(const Config& config, CommandContext& context,
                                  const MakeProcess& make) {
  const auto logger = log_to_stderr(config.get("log.level", "info"));
  if (!logger) return logger.error();
  Metrics metrics;
  LivePage page(config, metrics, context.clock);
  const auto server = start_page_server(config, context.serves_metrics, page, metrics, **logger);
  if (!server) return server.error();
  Services services;
  MILLSTREAM_TRY(make({context.clock, **logger, metrics, &page.results()}, services));
  page.set_services(names_of(services));
  page.set_phase("running");
  return run_services(services, context.stop, **logger);
}

}  // namespace anomaly
