#include "settings.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace millstream::kafka {

namespace {

/// A setting that the application can't change.
struct Pin {
  std::string_view name;
  /// The one value that may be given; empty: none, it's made from something else.
  std::string_view value;
  std::string_view reason;
};

constexpr std::array kPins{
    Pin{"enable.auto.commit", "false", "offsets are committed together with the state"},
    Pin{"enable.auto.offset.store", "false", "offsets are committed together with the state"},
    Pin{"isolation.level", "", "it follows from processing.guarantee"},
    Pin{"enable.partition.eof", "true", "it tells the position behind aborted records"},
    Pin{"acks", "all", "what is committed must survive the loss of a broker"},
    Pin{"request.required.acks", "all", "what is committed must survive the loss of a broker"},
    Pin{"enable.idempotence", "true", "a record that is sent again must not be written twice"},
    Pin{"transactional.id", "", "it is made from application.id and the state directory"},
    Pin{"transaction.timeout.ms", "10000", "so long may an instance that takes over have to wait"},
    Pin{"group.id", "", "it is application.id"},
    Pin{"partitioner", "murmur2_random", "keys must land where the Java client puts them"},
    Pin{"delivery.report.only.error", "false", "it tells where records were written"},
    Pin{"enabled_events", "0", "millstream uses callbacks"},
    Pin{"log.queue", "false", "librdkafka's log goes to millstream's"},
};

constexpr std::int64_t kTransactionTimeoutMs = 10'000;

/// Settings that somebody above acts on (auto.offset.reset) or hands down for each client.
constexpr std::array<std::string_view, 4> kNotOurs{"auto.offset.reset", "client.id",
                                                   "group.instance.id", "bootstrap.servers"};

constexpr std::array<std::string_view, 3> kPrefixes{"consumer.", "producer.", "admin."};
/// Names that librdkafka's own list leaves out: aliases, and texts without a default.
constexpr std::array<std::string_view, 12> kUnlisted{"acks",
                                                     "linger.ms",
                                                     "delivery.timeout.ms",
                                                     "compression.type",
                                                     "request.timeout.ms",
                                                     "max.in.flight",
                                                     "sasl.username",
                                                     "sasl.password",
                                                     "sasl.mechanism",
                                                     "ssl.ca.location",
                                                     "ssl.key.location",
                                                     "ssl.certificate.location"};

constexpr std::array<std::string_view, 3> kFamilies{"security.", "sasl.", "ssl."};

std::string_view prefix_of(Role role) {
  switch (role) {
    case Role::kProducer:
      return kPrefixes[1];
    case Role::kAdmin:
      return kPrefixes[2];
    default:
      return kPrefixes[0];
  }
}

template <std::size_t n>
std::string_view starting(std::string_view name, const std::array<std::string_view, n>& starts) {
  const auto it = std::find_if(starts.begin(), starts.end(),
                               [&](std::string_view start) { return name.starts_with(start); });
  return it == starts.end() ? std::string_view() : *it;
}

bool is_not_ours(std::string_view name) {
  return std::find(kNotOurs.begin(), kNotOurs.end(), name) != kNotOurs.end();
}

void append_names(std::vector<std::string>& names, const char** pairs, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 2) names.emplace_back(pairs[i]);
  rd_kafka_conf_dump_free(pairs, count);
}

/// "; did you mean X?", or nothing.
std::string suggestion(std::string_view name) {
  const ConfPtr conf(rd_kafka_conf_new());
  std::size_t count = 0;
  std::vector<std::string> names;
  const char** pairs = rd_kafka_conf_dump(conf.get(), &count);
  append_names(names, pairs, count);
  std::vector<std::string_view> known(names.begin(), names.end());
  known.insert(known.end(), kUnlisted.begin(), kUnlisted.end());
  const auto near = nearest_name(name, known);
  return near ? "; did you mean " + std::string(*near) + "?" : std::string();
}

Error bad_setting(std::string_view name, std::string_view what) {
  return Error::user("setting " + std::string(name) + ": " + std::string(what));
}

Status check_pins(const Config& config) {
  for (const auto& [full, value] : config.values()) {
    const std::string_view prefix = starting(full, kPrefixes);
    const std::string_view name = std::string_view(full).substr(prefix.size());
    const auto pin = std::find_if(kPins.begin(), kPins.end(),
                                  [&](const Pin& candidate) { return candidate.name == name; });
    if (pin == kPins.end() || (!pin->value.empty() && pin->value == value)) continue;
    std::string what = "can't be changed, since " + std::string(pin->reason);
    what +=
        pin->value.empty() ? "; remove it" : "; remove it (it is " + std::string(pin->value) + ")";
    return bad_setting(full, what);
  }
  return {};
}

/// An unanswered request of a producer must not be waited for longer than its transaction lives.
Status check_socket_timeout(const Config& config) {
  for (const std::string_view name : {"socket.timeout.ms", "producer.socket.timeout.ms"}) {
    const auto value = config.get_int(name, kTransactionTimeoutMs);
    if (!value) return value.error();
    if (*value <= kTransactionTimeoutMs) continue;
    return bad_setting(name, "must not exceed " + std::to_string(kTransactionTimeoutMs) +
                                 ", since an unanswered request must not be waited for longer than "
                                 "a transaction lives");
  }
  return {};
}

/// Set `name`, which the application wrote as `full`; `must` be known to librdkafka.
Status apply(rd_kafka_conf_t* conf, std::string_view full, std::string_view name,
             const std::string& value, bool must) {
  std::array<char, 512> text{};
  const std::string key(name);
  switch (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), text.data(), text.size())) {
    case RD_KAFKA_CONF_OK:
      return {};
    case RD_KAFKA_CONF_UNKNOWN:
      if (!must) return {};
      return bad_setting(full, "librdkafka has no setting " + key + suggestion(name));
    default:
      return bad_setting(full, text.data());
  }
}

Status apply_all(rd_kafka_conf_t* conf, const SettingList& settings) {
  for (const auto& [name, value] : settings) MILLSTREAM_TRY(apply(conf, name, name, value, true));
  return {};
}

Status apply_unprefixed(rd_kafka_conf_t* conf, const Config& config) {
  for (const auto& [name, value] : config.values()) {
    if (!starting(name, kPrefixes).empty() || is_not_ours(name)) continue;
    MILLSTREAM_TRY(apply(conf, name, name, value, !starting(name, kFamilies).empty()));
  }
  return {};
}

Status apply_prefixed(rd_kafka_conf_t* conf, const Config& config, std::string_view prefix) {
  const Config prefixed = config.with_prefix(prefix);
  for (const auto& [name, value] : prefixed.values()) {
    if (is_not_ours(name)) continue;
    MILLSTREAM_TRY(apply(conf, std::string(prefix) + name, name, value, true));
  }
  return {};
}

}  // namespace

Result<Settings> Settings::from(const Config& config) {
  const std::string bootstrap = config.get("bootstrap.servers");
  if (bootstrap.empty()) {
    return Error::user("setting bootstrap.servers: is missing; write bootstrap.servers=host:port");
  }
  MILLSTREAM_TRY(check_pins(config));
  MILLSTREAM_TRY(check_socket_timeout(config));
  Settings settings(bootstrap, config);
  for (const Role role : {Role::kConsumer, Role::kProducer, Role::kAdmin}) {
    if (auto conf = settings.conf(role, {}, {}); !conf) return conf.error();
  }
  return settings;
}

Result<ConfPtr> Settings::conf(Role role, const SettingList& defaults,
                               const SettingList& own) const {
  ConfPtr conf(rd_kafka_conf_new());
  MILLSTREAM_TRY(apply_all(conf.get(), defaults));
  MILLSTREAM_TRY(apply_unprefixed(conf.get(), config_));
  MILLSTREAM_TRY(apply_prefixed(conf.get(), config_, prefix_of(role)));
  MILLSTREAM_TRY(
      apply_all(conf.get(), {{"bootstrap.servers", bootstrap_}, {"log.queue", "false"}}));
  MILLSTREAM_TRY(apply_all(conf.get(), own));
  return conf;
}

}  // namespace millstream::kafka
