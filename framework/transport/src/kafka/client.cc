#include "client.h"

#include <array>
#include <cstring>
#include <vector>

namespace millstream::kafka {

namespace {

constexpr const char* kInterceptor = "millstream";
constexpr int kMetadataTimeoutMs = 2'000;

bool is_connection_fault(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
      return true;
    default:
      return false;
  }
}

ClientListener* listener_of(const rd_kafka_t* client) {
  return client == nullptr ? nullptr : static_cast<ClientListener*>(rd_kafka_opaque(client));
}

/// Lines that say at a worrying level what is told otherwise (Cluster::lost) or means nothing: a
/// setting of the producer in a consumer, each failed attempt to connect, or to get a producer id
/// while the predecessor's transaction is being settled.
LogLevel level_of(int syslog_level, std::string_view facility) {
  if (facility == "CONFWARN" || facility == "FAIL" || facility == "ERROR" || facility == "GETPID") {
    return LogLevel::kDebug;
  }
  if (syslog_level <= 3) return LogLevel::kError;
  if (syslog_level == 4) return LogLevel::kWarning;
  return syslog_level <= 6 ? LogLevel::kInfo : LogLevel::kDebug;
}

void log_line(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  const ClientListener* listener = listener_of(client);
  if (listener == nullptr) return;
  try {
    const std::array fields{LogField{"facility", facility}, LogField{"line", text}};
    listener->cluster().logger().log(level_of(level, facility), "librdkafka", fields);
  } catch (...) {  // an exception must not cross a C callback; a lost line is the lesser evil
  }
}

void on_error(rd_kafka_t* client, int code, const char* reason, void* opaque) {
  auto& cluster = static_cast<ClientListener*>(opaque)->cluster();
  const auto error = static_cast<rd_kafka_resp_err_t>(code);
  try {
    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) return cluster.lost(reason);
    if (is_connection_fault(error))
      return cluster.logger().debug("librdkafka", {{"error", reason}});
    cluster.logger().warning("Kafka client error", {{"client", rd_kafka_name(client)},
                                                    {"code", rd_kafka_err2name(error)},
                                                    {"reason", reason}});
  } catch (...) {  // as above
  }
}

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  static_cast<ClientListener*>(opaque)->on_delivery(*message);
}

void on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t kind,
                  rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  static_cast<ClientListener*>(opaque)->on_rebalance(*client, kind, *partitions);
}

rd_kafka_resp_err_t on_request(rd_kafka_t*, int, const char*, std::int32_t, std::int16_t api_key,
                               std::int16_t, std::int32_t, std::size_t, void* opaque) {
  static_cast<ClientListener*>(opaque)->on_request(api_key);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_response(rd_kafka_t*, int, const char*, std::int32_t, std::int16_t api_key,
                                std::int16_t, std::int32_t, std::size_t, std::int64_t,
                                rd_kafka_resp_err_t error, void* opaque) {
  auto* listener = static_cast<ClientListener*>(opaque);
  try {
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) listener->cluster().answered();
  } catch (...) {  // as above
  }
  listener->on_response(api_key, error);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_new(rd_kafka_t* client, const rd_kafka_conf_t*, void* opaque, char*,
                           std::size_t) {
  rd_kafka_interceptor_add_on_request_sent(client, kInterceptor, on_request, opaque);
  rd_kafka_interceptor_add_on_response_received(client, kInterceptor, on_response, opaque);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void install_callbacks(rd_kafka_conf_t* conf, rd_kafka_type_t type, ClientListener& listener) {
  rd_kafka_conf_set_opaque(conf, &listener);
  rd_kafka_conf_set_log_cb(conf, log_line);
  rd_kafka_conf_set_error_cb(conf, on_error);
  if (type == RD_KAFKA_PRODUCER) {
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  } else {
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
  }
  rd_kafka_conf_interceptor_add_on_new(conf, kInterceptor, on_new, &listener);
}

}  // namespace

void Cluster::lost(std::string_view reason) {
  if (!reachable_.exchange(false)) return;
  logger_.warning("Kafka does not answer; waiting. Is it running there?",
                  {{"bootstrap.servers", bootstrap_}, {"reason", std::string(reason)}});
}

void Cluster::answered() {
  if (reachable() || reachable_.exchange(true)) return;
  logger_.info("Kafka answers again", {{"bootstrap.servers", bootstrap_}});
}

Error Cluster::error(std::string_view what, rd_kafka_resp_err_t code,
                     std::string_view detail) const {
  std::string text(what);
  text.append(": ").append(detail.empty() ? std::string_view(rd_kafka_err2str(code)) : detail);
  text.append(" (").append(rd_kafka_err2name(code)).append(")");
  if (is_connection_fault(code))
    text.append("; is Kafka running at ").append(bootstrap_).append("?");
  return Error::machine(std::move(text));
}

Result<ClientPtr> make_client(rd_kafka_type_t type, ConfPtr conf, ClientListener& listener) {
  install_callbacks(conf.get(), type, listener);
  std::array<char, 512> text{};
  ClientPtr client(rd_kafka_new(type, conf.get(), text.data(), text.size()));
  if (client == nullptr) {
    const bool settings = rd_kafka_last_error() == RD_KAFKA_RESP_ERR__INVALID_ARG;
    const std::string message = std::string("Kafka client: ") + text.data();
    return settings ? Error::user(message + "; check the settings for librdkafka")
                    : Error::machine(message);
  }
  static_cast<void>(conf.release());  // rd_kafka_new took it
  if (type == RD_KAFKA_CONSUMER) rd_kafka_poll_set_consumer(client.get());
  return client;
}

void refresh_leaders(rd_kafka_t* client, const std::set<std::string>& topics) {
  std::vector<TopicPtr> handles;
  for (const std::string& topic : topics) {
    handles.emplace_back(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  }
  // The question is about all topics that there are handles of; the answer goes to the handles.
  const rd_kafka_metadata_t* answer = nullptr;
  rd_kafka_metadata(client, 0, nullptr, &answer, kMetadataTimeoutMs);
  const MetadataPtr owned(answer);
}

}  // namespace millstream::kafka
