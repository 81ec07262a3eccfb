#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "detect_service.h"
#include "kafka_alert_source.h"
#include "mail_service.h"
#include "page_service.h"
#include "produce_service.h"
#include "project_data.h"
#include "redis_alert_source.h"
#include "service_command.h"
#include "sink_service.h"
#include "terminal.h"

namespace anomaly {

using millstream::Config;
using millstream::Error;
using millstream::Result;
using millstream::Status;

namespace {

constexpr const char* kUsualKafka = "localhost:9092";

Result<DataSet> load_replay_data(const ProduceArguments& arguments) {
  Terminal terminal(stderr);
  const auto chosen = choose_data(arguments.data, false, terminal);
  if (!chosen) return chosen.error();
  auto data = load_data_set(chosen->path);
  if (!data) return data.error();
  for (const std::string& warning : data->warnings) terminal.line("anomaly: warning: " + warning);
  return data;
}

Status add_produce(const DataSet& data, const ProduceArguments& arguments, ServiceContext& context,
                   Services& services) {
  auto replay = replay_options(arguments, context.options);
  if (!replay) return replay.error();
  services.push_back(std::make_unique<ProduceService>(data, std::move(*replay), context));
  return {};
}

Status add_sink(ServiceContext& context, Services& services) {
  const std::string url = context.config.get("redis.url");
  if (url.empty()) return {};
  const auto redis = RedisOptions::parse(url);
  if (!redis) return redis.error();
  services.push_back(std::make_unique<SinkService>(*redis, context));
  return {};
}

Status add_detect(const std::shared_ptr<ModelSource>& models, ServiceContext& context,
                  Services& services) {
  services.push_back(std::make_unique<DetectService>(models, context));
  return add_sink(context, services);
}

Status add_alert(ServiceContext& context, Services& services) {
  auto mailer = MailService::from(context.config, std::make_unique<KafkaAlertSource>(context),
                                  {context.clock, context.logger, context.metrics,
                                   context.page == nullptr ? nullptr : &context.page->results()});
  if (!mailer) return mailer.error();
  services.push_back(std::move(*mailer));
  return {};
}

/// Mail what Redis tells; Kafka isn't asked.
Status run_alert_on_redis(const Config& config, CommandContext& context) {
  const std::string url = config.get("redis.url");
  if (url.empty()) {
    return Error::user("alert.source is redis: set redis.url to where it is, redis://host:6379");
  }
  const auto redis = RedisOptions::parse(url);
  if (!redis) return redis.error();
  const RedisAlertSource::Options options{
      .redis = *redis, .topic = config.get("anomaly.topic.alerts", Topics().alerts)};
  return run_process_without_broker(
      config, context, [&](const ProcessContext& process, Services& services) -> Status {
        auto mailer = MailService::from(
            config, std::make_unique<RedisAlertSource>(options, process.clock, process.logger),
            {process.clock, process.logger, process.metrics, process.results});
        if (!mailer) return mailer.error();
        services.push_back(std::move(*mailer));
        return {};
      });
}

Status run_alert(const Config& config, CommandContext& context) {
  const std::string source = config.get("alert.source", "kafka");
  if (source == "redis") return run_alert_on_redis(config, context);
  if (source == "kafka") return run_service_process(config, context, add_alert);
  return Error::user(fmt::format("setting alert.source: {} is neither kafka nor redis", source));
}

Status send_test_mail(const Config& config, CommandContext& context) {
  const auto environment = environment_with_file(config.get("env.file", ".env"));
  if (!environment) return environment.error();
  const auto mail = MailSettings::from(config, *environment);
  if (!mail) return mail.error();
  const auto sender = make_mail_sender(*mail);
  const auto outcome = sender->send(test_mail(mail->digest, context.clock.now()));
  if (!outcome.sent()) return Error::machine(outcome.message);
  fmt::print("The test mail went to {}.\n", sender->destination());
  return {};
}

}  // namespace

void add_produce_command(CLI::App& program, Action& chosen) {
  const auto service = std::make_shared<ServiceArguments>();
  const auto produce = std::make_shared<ProduceArguments>();
  CLI::App& command = *program.add_subcommand("produce", "Replay CSV files to Kafka");
  add_produce_options(command, *produce);
  add_service_options(command, *service);
  command.callback([=, &chosen] {
    chosen = [=](CommandContext& context) -> Status {
      const auto config = service_settings(*service, kUsualKafka);
      if (!config) return config.error();
      const auto data = load_replay_data(*produce);
      if (!data) return data.error();
      return run_service_process(*config, context, [&](ServiceContext& shared, Services& services) {
        return add_produce(*data, *produce, shared, services);
      });
    };
  });
}

void add_detect_command(CLI::App& program, Action& chosen) {
  const auto service = std::make_shared<ServiceArguments>();
  const auto model_file = std::make_shared<std::string>();
  const auto detector = std::make_shared<std::string>();
  CLI::App& command = *program.add_subcommand(
      "detect", "Score metrics from Kafka; two with one application.id share the work");
  command.add_option("--model", *model_file, "The model of `anomaly train`")->type_name("FILE");
  add_detector_option(command, *detector);
  add_service_options(command, *service);
  command.callback([=, &chosen] {
    chosen = [=](CommandContext& context) -> Status {
      auto config = service_settings(*service, kUsualKafka);
      if (!config) return config.error();
      if (!model_file->empty()) config->set("anomaly.model.file", *model_file);
      if (!detector->empty()) config->set("anomaly.detector", *detector);
      const auto model = load_detector_model(*config);
      if (!model) return model.error();
      context.serves_metrics = true;
      return run_service_process(*config, context, [&](ServiceContext& shared, Services& services) {
        return add_detect(*model, shared, services);
      });
    };
  });
}

void add_alert_command(CLI::App& program, Action& chosen) {
  const auto service = std::make_shared<ServiceArguments>();
  const auto test = std::make_shared<bool>(false);
  CLI::App& command = *program.add_subcommand(
      "alert", "Mail the alerts, batched; from Kafka or, with alert.source=redis, from Redis");
  command.add_flag("--test-mail", *test, "Send one made-up alert and end");
  add_service_options(command, *service);
  command.callback([=, &chosen] {
    chosen = [=](CommandContext& context) -> Status {
      const auto config = service_settings(*service, kUsualKafka);
      if (!config) return config.error();
      if (*test) return send_test_mail(*config, context);
      return run_alert(*config, context);
    };
  });
}

void add_run_command(CLI::App& program, Action& chosen) {
  const auto service = std::make_shared<ServiceArguments>();
  const auto produce = std::make_shared<ProduceArguments>();
  const auto model_file = std::make_shared<std::string>();
  const auto detector = std::make_shared<std::string>();
  CLI::App& command = *program.add_subcommand(
      "run", "All services in one process on a log of its own: no Kafka needed");
  command.add_option("--model", *model_file, "The model of `anomaly train`")->type_name("FILE");
  add_detector_option(command, *detector);
  add_produce_options(command, *produce);
  add_service_options(command, *service);
  command.callback([=, &chosen] {
    chosen = [=](CommandContext& context) -> Status {
      auto config = service_settings(*service, "");
      if (!config) return config.error();
      if (!config->contains("state.dir")) config->set("state.dir", "anomaly-state");
      if (config->get("bootstrap.servers").empty()) {
        config->set("bootstrap.servers", "embedded:" + config->get("state.dir") + "/broker");
      }
      if (!model_file->empty()) config->set("anomaly.model.file", *model_file);
      if (!detector->empty()) config->set("anomaly.detector", *detector);
      const auto model = load_detector_model(*config);
      if (!model) return model.error();
      const auto data = load_replay_data(*produce);
      if (!data) return data.error();
      context.serves_metrics = true;
      return run_service_process(*config, context,
                                 [&](ServiceContext& shared, Services& services) -> Status {
                                   MILLSTREAM_TRY(add_detect(*model, shared, services));
                                   MILLSTREAM_TRY(add_alert(shared, services));
                                   return add_produce(*data, *produce, shared, services);
                                 });
    };
  });
}

}  // namespace anomaly
