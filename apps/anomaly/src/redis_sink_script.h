#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "redis_client.h"

namespace anomaly {

/// What the sink writes of one record.
struct SinkRow {
  millstream::Offset offset;  ///< The sink sets it.
  std::string series;
  millstream::Timestamp timestamp;
  double value = 0;
  double score = 0;
  bool anomaly = false;
  std::string json;  ///< The record for people and subscribers.
};

/// Which keys the sink writes, and how much they hold. With prefix `anomaly:` and topic T:
///
///     anomaly:mark:T:P       hash    lineage, next: the next offset of partition P to be written;
///                                    last: a fingerprint of the record before it
///     anomaly:stream:T:P     stream  an entry `<offset>-1` a record: series, timestamp, json
///     anomaly:state:S        hash    last timestamp, value, score, anomaly; records, anomalies
///     anomaly:recent:S       list    newest first: {"timestamp","value","score","anomaly"}
///     anomaly:scores:S       hash    timestamp -> score, of the same records
///     anomaly:series         set     all series
///
/// All records of a series are in one partition, as its key puts them there: when a partition is
/// written anew, so are its series.
struct RedisSinkKeys {
  std::string topic;
  /// Whose records they are; keys of another lineage are begun anew. That the same application's
  /// topic was deleted and made again is seen from the records themselves.
  std::string lineage;
  std::string prefix = "anomaly:";
  /// Write the keys of a series.
  bool keep_series = true;
  /// Write the stream.
  bool keep_stream = false;
  /// Publish each record's JSON there; empty: nowhere.
  std::string channel;
  /// Records kept of each series.
  std::size_t recent = 500;
  /// Entries kept of each stream, about.
  std::size_t stream_length = 100'000;
};

/// How far a partition has been written: what Redis and the topic must agree on.
struct SinkMark {
  millstream::Offset next;
  /// The fingerprint of the record before `next`; "-": none was written yet.
  std::string last;
};

/// The two scripts by which the sink and Redis talk. Each is atomic and changes nothing when it is
/// repeated. Not for Redis Cluster: a script touches keys of several slots.
/// **Errors**: as Redis::command, and kMachine for what a script answers as an error.
class RedisSinkScript {
 public:
  RedisSinkScript(Redis& redis, RedisSinkKeys keys) : redis_(redis), keys_(std::move(keys)) {}

  /// How far a partition is. If Redis holds nothing of this lineage (new, flushed), or if the last
  /// record that it has is `refused` (by its fingerprint; empty: none is), the partition's keys
  /// begin anew at `begin`.
  millstream::Result<SinkMark> claim(millstream::PartitionId partition, millstream::Offset begin,
                                     std::string_view refused = {});

  /// Write the rows of [from, to.next) that aren't there yet, and move the mark to `to`. The mark
  /// after it; nothing if Redis holds no mark or one below `from`: then claim again and read from
  /// there.
  millstream::Result<std::optional<millstream::Offset>> apply(millstream::PartitionId partition,
                                                              millstream::Offset from,
                                                              const SinkMark& to,
                                                              std::span<const SinkRow> rows);

 private:
  millstream::Result<RedisReply> run(std::string_view script, std::span<const std::string> words);

  Redis& redis_;
  RedisSinkKeys keys_;
};

}  // namespace anomaly
