#pragma once

#include <millstream/core/config.h>
#include <millstream/core/log.h>
#include <millstream/core/time.h>
#include <millstream/transport/broker.h>

#include <memory>
#include <string>

namespace millstream {

/// Open the durable log in `directory` (made if it is missing): one process at a time, any number
/// of its threads. `open_broker` comes here for `bootstrap.servers=embedded:DIR`.
///
/// Settings of `config`:
///   - `embedded.cache.bytes` (64 MiB): the newest records that are kept in memory for readers.
///   - `embedded.memory.bytes` (64 MiB): RocksDB's block cache and memtables.
///   - `embedded.transaction.max.bytes` (256 MiB): a transaction lives in memory until its commit.
///   - `embedded.compaction.min.bytes` (1 MiB): a compacted partition is left alone below it.
///   - `embedded.accept.data.loss` (false): open a log that has lost what once was durable.
///
/// Every commit and append is one atomic write to the log's WAL, which survives a killed process;
/// `Broker::sync` and a clean close make it survive a lost machine, and are remembered in a mark
/// beside the log: what has lost more than that is refused. Differences from Kafka: topics are
/// never made by a produce; nothing expires unless its topic says `retention.ms` or
/// `retention.bytes`, and never sooner than that after it was written, however old its timestamp
/// is; there are no aborted records and no control records, so both isolation levels read the same;
/// a member is expelled only when another one waits for it longer than `max_poll_interval`; an open
/// transaction does not time out, it ends with its producer.
/// **Errors**: kUser for a setting; kMachine, naming the directory: held by another process (its
/// pid), not writable, not a millstream log, of another version, or damaged.
/// **Lifetime**: `clock` and `logger` must outlive the broker.
Result<std::unique_ptr<Broker>> open_embedded_broker(const std::string& directory,
                                                     const Config& config, const Clock& clock,
                                                     Logger& logger);

}  // namespace millstream
