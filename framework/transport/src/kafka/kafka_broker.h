#pragma once

#include <millstream/core/config.h>
#include <millstream/core/log.h>
#include <millstream/core/time.h>
#include <millstream/transport/broker.h>

#include <memory>

namespace millstream {

/// A Kafka cluster at `bootstrap.servers`, by librdkafka.
/// **Errors**: kUser for a setting. A cluster that does not answer is no error here.
/// **Lifetime**: `clock` and `logger` outlive the broker.
Result<std::unique_ptr<Broker>> open_kafka_broker(const Config& config, const Clock& clock,
                                                  Logger& logger);

}  // namespace millstream
