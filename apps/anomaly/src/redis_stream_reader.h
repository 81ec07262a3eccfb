#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>

#include <cstddef>
#include <string>
#include <vector>

#include "redis_client.h"

namespace anomaly {

/// An entry of a stream that a RedisSink wrote.
struct RedisStreamEntry {
  millstream::Offset offset;
  std::string series;
  millstream::Timestamp timestamp;
  std::string json;
};

/// Reads what a RedisSink wrote to its streams, in order, from any offset: a subscriber's way to
/// what was published while it wasn't listening. **Thread**: one.
class RedisStreamReader {
 public:
  RedisStreamReader(Redis& redis, std::string prefix, std::string topic)
      : redis_(redis), prefix_(std::move(prefix)), topic_(std::move(topic)) {}

  /// At most `limit` entries of a partition from an offset on; none if there are no more.
  /// **Errors**: as Redis::command; kData for an entry that no sink wrote.
  millstream::Result<std::vector<RedisStreamEntry>> read(millstream::PartitionId partition,
                                                         millstream::Offset from,
                                                         std::size_t limit);
  /// The partitions that have streams.
  millstream::Result<std::vector<millstream::PartitionId>> partitions();

 private:
  Redis& redis_;
  std::string prefix_;
  std::string topic_;
};

/// Listens to a channel, so that a reader of streams knows when to look. What is published while
/// the connection is away is missed: look at the streams anyway from time to time. **Thread**: one.
class RedisSubscription {
 public:
  RedisSubscription(RedisOptions options, std::string channel);

  /// Wait for a message; whether one came. True as well right after (re)connecting, when something
  /// may have been missed. **Errors**: kMachine: not connected; the next call tries again.
  millstream::Result<bool> wait(millstream::Duration timeout);

 private:
  RedisClient client_;
  std::string channel_;
};

}  // namespace anomaly
