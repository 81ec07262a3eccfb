#pragma once

#include <millstream/core/log.h>
#include <millstream/core/result.h>
#include <millstream/runtime/streams_config.h>
#include <millstream/transport/broker.h>

namespace millstream {

/// Whether an internal topic that is already there would keep what the application needs of it.
/// **Errors**: kUser for a clean-up policy under which records would be lost, naming topic,
/// setting, and remedy. A shorter retention than wanted is a warning. **Source**:
/// InternalTopicManager of Kafka Streams.
Status check_internal_topic(const NewTopic& wanted, Admin& admin, Logger& logger);

/// Say, in the log, which of the broker's settings break the promise of exactly-once.
void warn_about_durability(const StreamsConfig& config, const std::string& commits_topic,
                           Admin& admin, Logger& logger);

}  // namespace millstream
