#include <millstream/transport/open_broker.h>

#include <millstream/transport/embedded_broker.h>

#include "kafka/kafka_broker.h"

namespace millstream {

Result<std::unique_ptr<Broker>> open_broker(const Config& config, const Clock& clock,
                                            Logger& logger) {
  static constexpr std::string_view kEmbedded = "embedded:";
  const std::string servers = config.get("bootstrap.servers");
  if (servers.empty()) {
    return Error::user(
        "bootstrap.servers is not set: host:port of a Kafka broker, or embedded:DIR for a log in "
        "this process");
  }
  if (servers.starts_with(kEmbedded)) {
    return open_embedded_broker(servers.substr(kEmbedded.size()), config, clock, logger);
  }
  return open_kafka_broker(config, clock, logger);
}

}  // namespace millstream
