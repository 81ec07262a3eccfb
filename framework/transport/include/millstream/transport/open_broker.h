#pragma once

#include <millstream/core/config.h>
#include <millstream/core/log.h>
#include <millstream/core/time.h>
#include <millstream/transport/broker.h>

#include <memory>

namespace millstream {

/// The broker that `bootstrap.servers` names: `embedded:DIR` is a durable log in this process (DIR
/// is made; one process at a time), anything else is Kafka's `host:port,...`. Settings named as in
/// librdkafka are passed on to it; those that make the protocol true are pinned.
/// **Errors**: kUser for a setting, kMachine when the directory is locked (names the pid),
/// unwritable or damaged. A Kafka that does not answer is not an error here: the calls wait or say
/// so.
/// **Lifetime**: `clock` and `logger` must outlive the broker.
Result<std::unique_ptr<Broker>> open_broker(const Config& config, const Clock& clock,
                                            Logger& logger);

}  // namespace millstream
