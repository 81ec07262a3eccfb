#pragma once

#include <millstream/core/result.h>
#include <millstream/transport/broker.h>

#include <string>
#include <string_view>

namespace anomaly {

/// SHA-256 over what an application's stores hold: the last committed value of each key of each of
/// its changelogs, in the order of topic, partition and key, wall-clock times left out. Two runs
/// that end in the same state have the same digest, however often they were interrupted.
/// **Errors**: the broker's.
millstream::Result<std::string> state_digest(millstream::Broker& broker,
                                             std::string_view application_id);

}  // namespace anomaly
