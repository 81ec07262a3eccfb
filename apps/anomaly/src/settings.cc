#include "settings.h"

#include <millstream/runtime/streams_config.h>

#include <algorithm>
#include <array>

#include "alert_options.h"
#include "detector_settings.h"
#include "mail_settings.h"

namespace anomaly {

using millstream::Config;
using millstream::Result;

namespace {

constexpr std::array<std::string_view, 20> kOwnNames = {
    "anomaly.format",
    "anomaly.idle.timeout.ms",
    "anomaly.model.file",
    "anomaly.model.reload.ms",
    "anomaly.model.topic",
    "anomaly.partitions",
    "anomaly.session.gap.ms",
    "anomaly.session.grace.ms",
    "anomaly.topic.metrics",
    "anomaly.topic.scores",
    "anomaly.topic.anomalies",
    "anomaly.topic.alerts",
    "anomaly.topics.create",
    "http.address",
    "http.port",
    "http.token",
    "redis.url",
    "client.id",
    "log.level",
    "env.file",
};

/// Settings of librdkafka that people set; `consumer.`, `producer.` and `admin.` stand before any
/// of its settings, and there the broker's client itself says what it doesn't know.
constexpr std::array<std::string_view, 22> kBrokerNames = {
    "batch.num.messages",
    "broker.address.family",
    "client.rack",
    "compression.codec",
    "compression.level",
    "compression.type",
    "debug",
    "fetch.max.bytes",
    "fetch.min.bytes",
    "fetch.wait.max.ms",
    "heartbeat.interval.ms",
    "linger.ms",
    "max.poll.interval.ms",
    "message.max.bytes",
    "message.timeout.ms",
    "metadata.max.age.ms",
    "queue.buffering.max.ms",
    "queued.min.messages",
    "reconnect.backoff.max.ms",
    "request.timeout.ms",
    "socket.keepalive.enable",
    "statistics.interval.ms",
};
constexpr std::array<std::string_view, 7> kOthersPrefixes = {
    "consumer.", "producer.", "admin.", "security.", "sasl.", "ssl.", "embedded."};

std::vector<std::string_view> known_names() {
  std::vector<std::string_view> names(kOwnNames.begin(), kOwnNames.end());
  const auto streams = millstream::streams_setting_names();
  names.insert(names.end(), streams.begin(), streams.end());
  names.insert(names.end(), kBrokerNames.begin(), kBrokerNames.end());
  names.insert(names.end(), detector_setting_names().begin(), detector_setting_names().end());
  names.insert(names.end(), alert_setting_names().begin(), alert_setting_names().end());
  names.insert(names.end(), mail_setting_names().begin(), mail_setting_names().end());
  return names;
}

bool is_others(std::string_view name) {
  return std::any_of(kOthersPrefixes.begin(), kOthersPrefixes.end(),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

Result<Config> load_settings(const SettingArguments& arguments,
                             std::vector<std::string>& warnings) {
  Config config;
  if (!arguments.file.empty()) {
    auto file = Config::from_file(arguments.file);
    if (!file) return file.error();
    config.merge(*file);
  }
  for (const std::string& setting : arguments.settings) {
    MILLSTREAM_TRY(config.set_from_argument(setting));
  }
  Config own;
  for (const auto& [name, value] : config.values()) {
    if (!is_others(name)) own.set(name, value);
  }
  for (std::string& warning : millstream::unknown_settings(own, known_names())) {
    warnings.push_back(std::move(warning));
  }
  return config;
}

Config with_service_defaults(Config config) {
  Config all = {{"application.id", "anomaly-detector"},
                {"processing.guarantee", "exactly_once_v2"},
                {"num.stream.threads", "2"},
                {"deserialization.exception.handler", "dead-letter"},
                {"errors.dead.letter.queue.topic.name", "metrics-dead-letters"}};
  all.merge(config);
  return all;
}

}  // namespace anomaly
