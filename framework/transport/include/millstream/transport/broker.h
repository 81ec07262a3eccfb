#pragma once

#include <millstream/core/headers.h>
#include <millstream/core/ids.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millstream {

/// One record as it was fetched. **Lifetime**: as its FetchedBatch.
struct FetchedRecord {
  Offset offset = Offset::kNone;
  Timestamp timestamp;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
};

/// Consecutive records of one partition, and the memory that they are views of.
/// **Thread**: owned by one thread at a time.
class FetchedBatch {
 public:
  virtual ~FetchedBatch() = default;
  [[nodiscard]] virtual const TopicPartition& partition() const = 0;
  [[nodiscard]] virtual std::span<const FetchedRecord> records() const = 0;
  /// The headers of record `i`; made when asked for, since most records have none.
  [[nodiscard]] virtual Headers headers(std::size_t i) const = 0;
};

/// Where to start consuming a partition.
struct PartitionPosition {
  TopicPartition partition;
  Offset offset = Offset::kNone;
};

/// Reads assigned partitions; it is in no group and never rebalances. Fetches in the background as
/// far as its budget goes. **Thread**: one.
class Consumer {
 public:
  virtual ~Consumer() = default;

  /// Begin to consume these partitions too, each at its offset.
  virtual Status assign(std::span<const PartitionPosition> partitions) = 0;
  /// Stop consuming them; records already fetched are dropped.
  virtual void unassign(std::span<const TopicPartition> partitions) = 0;
  /// Go on at another offset of an assigned partition; what was fetched before is dropped.
  virtual Status seek(const PartitionPosition& position) = 0;
  /// Hold back the records of an assigned partition, or release them. Both are idempotent.
  virtual void pause(const TopicPartition& partition) = 0;
  virtual void resume(const TopicPartition& partition) = 0;

  /// Records that have arrived, at most about `max_records`, at most one batch a partition. Waits
  /// up to `timeout` for the first one; empty when none came.
  /// **Errors**: kMachine for what ends the consumer; passing faults are waited out and logged.
  virtual Result<std::vector<std::unique_ptr<FetchedBatch>>> poll(std::size_t max_records,
                                                                  Duration timeout) = 0;
  /// The offset of the next record that `poll` can return: beyond the last record returned, and
  /// beyond control and aborted records where they are known to follow.
  [[nodiscard]] virtual Offset position(const TopicPartition& partition) const = 0;
  /// The end of the partition's log as last heard, or kNone: for lag, never for correctness.
  [[nodiscard]] virtual Offset known_end(const TopicPartition& partition) const = 0;
};

enum class Isolation { kReadCommitted, kReadUncommitted };

struct ConsumerOptions {
  std::string client_id;
  Isolation isolation = Isolation::kReadCommitted;
  /// Bound of what is fetched ahead, over all partitions. **Units**: bytes.
  std::size_t fetch_budget = std::size_t{32} << 20U;
};

/// The right to commit progress: who had the partition, in which generation of its group. Taken
/// when a task is assigned and sent unchanged with its offsets, so that the broker can refuse a
/// zombie.
struct Lease {
  std::string member_id;
  std::int32_t generation = -1;
  /// The broker implementation's own bytes of the same fact.
  std::string opaque;

  friend bool operator==(const Lease&, const Lease&) = default;
};

/// A committed offset (the next record to read) with the text that was committed beside it.
struct CommittedOffset {
  Offset offset = Offset::kNone;
  std::string metadata;
};

using OffsetsByPartition = std::map<TopicPartition, CommittedOffset>;

/// What a failed request of a producer means for the caller. **Source**: DESIGN.md, error classes.
enum class ProducerFault {
  kNone,
  kAbort,   ///< Abort the transaction, rewind to the last commit, go on with this producer.
  kFatal,   ///< This producer is done: make a new one, rewind, go on.
  kFenced,  ///< Somebody else has the transactional id or the lease: give the tasks up.
};

/// The outcome of a producer's request; good when `fault` is kNone.
struct [[nodiscard]] ProducerStatus {
  ProducerFault fault = ProducerFault::kNone;
  Error error;

  explicit operator bool() const { return fault == ProducerFault::kNone; }
};

/// A record to be written. **Lifetime**: the views are only read during the call.
struct OutgoingRecord {
  std::string_view topic;
  /// Where to; nothing: by murmur2 of the key as the Java client does, any partition for a null
  /// key.
  std::optional<PartitionId> partition;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  Timestamp timestamp;
  const Headers* headers = nullptr;
};

/// Writes records, in transactions if it has a transactional id. Requests that may be tried again
/// are tried again inside. **Thread**: one.
class Producer {
 public:
  virtual ~Producer() = default;

  /// Settle what an earlier producer of the same transactional id left unfinished, and fence it.
  virtual ProducerStatus init_transactions() = 0;
  virtual ProducerStatus begin_transaction() = 0;

  /// Queue a record for sending. Waits while the queue is full. A record that the broker refuses is
  /// reported by `flush` or `submit_commit`.
  virtual ProducerStatus produce(const OutgoingRecord& record) = 0;
  /// Wait until every record has been acknowledged.
  virtual ProducerStatus flush() = 0;
  /// The end of what this producer has written to a partition since the transaction began: the
  /// offset after the last acknowledged record, after `flush`; kNone if it wrote nothing there.
  [[nodiscard]] virtual Offset end_written(const TopicPartition& partition) const = 0;

  /// Send offsets (with the lease under which their partitions are owned) and commit, without
  /// waiting. After it only `commit_result` may be called until that has an answer.
  virtual void submit_commit(const std::string& group, const OffsetsByPartition& offsets,
                             const Lease& lease) = 0;
  /// The outcome of the submitted commit; waits up to `timeout`, nothing if there is none yet.
  virtual std::optional<ProducerStatus> commit_result(Duration timeout) = 0;

  /// Drop the open transaction.
  virtual ProducerStatus abort_transaction() = 0;
};

struct ProducerOptions {
  std::string client_id;
  /// Empty: no transactions (but idempotent).
  std::string transactional_id;
  Duration transaction_timeout{10'000};
  Duration linger{5};
};

/// What happened to a member of a group.
struct MembershipEvent {
  enum class Kind {
    kAssigned,  ///< `partitions` of the coordination topic are ours now, under `lease`.
    kRevoked,   ///< Commit and drop their tasks, then `acknowledge`.
    kLost,      ///< They already belong to somebody else: drop without committing, `acknowledge`.
  };
  Kind kind = Kind::kAssigned;
  std::vector<PartitionId> partitions;
  Lease lease;
};

/// Membership in a group that shares the partitions of one coordination topic; partition p of it
/// stands for whatever the application says (a task). **Thread**: one, but for commit_offsets,
/// lease.
class Membership {
 public:
  virtual ~Membership() = default;

  /// What has happened since; waits up to `timeout`. At most one event that must be acknowledged.
  virtual Result<std::vector<MembershipEvent>> poll(Duration timeout) = 0;
  /// The last event from `poll` has been carried out. Every event must be acknowledged.
  virtual void acknowledge() = 0;
  /// The current lease. Generation -1: not a member now. Thread: any.
  [[nodiscard]] virtual Lease lease() const = 0;
  /// Commit offsets outside a transaction (at_least_once), under this lease. Thread: any.
  virtual ProducerStatus commit_offsets(const OffsetsByPartition& offsets, const Lease& lease) = 0;
  /// Leave the group, so that others need not wait for the session to end. Implied by destruction.
  virtual void leave() = 0;
};

struct MembershipOptions {
  std::string group;
  std::string coordination_topic;
  /// group.instance.id; empty: dynamic membership.
  std::string instance_id;
  std::string client_id;
  Duration session_timeout{45'000};
  Duration max_poll_interval{300'000};
};

/// A topic to be made.
struct NewTopic {
  std::string name;
  PartitionId partitions = 1;
  std::map<std::string, std::string> config;
  /// -1: as the broker has it configured.
  std::int16_t replication_factor = -1;
};

/// Topics and offsets. **Thread**: any. **Errors**: kMachine with what was asked for.
class Admin {
 public:
  virtual ~Admin() = default;

  /// Make topics; one that exists is no error.
  virtual Status create_topics(std::span<const NewTopic> topics) = 0;
  virtual Status delete_topics(std::span<const std::string> topics) = 0;
  /// The number of partitions of each topic; topics that don't exist are absent.
  virtual Result<std::map<std::string, PartitionId>> partition_counts(
      std::span<const std::string> topics) = 0;
  virtual Result<std::vector<std::string>> list_topics() = 0;
  /// Settings of a topic, as the broker has them.
  virtual Result<std::map<std::string, std::string>> topic_config(const std::string& topic) = 0;

  virtual Result<std::map<TopicPartition, Offset>> beginning_offsets(
      std::span<const TopicPartition> partitions) = 0;
  /// kReadUncommitted: the end of the log; kReadCommitted: the last stable offset.
  virtual Result<std::map<TopicPartition, Offset>> end_offsets(
      std::span<const TopicPartition> partitions, Isolation isolation) = 0;
  /// The first offset whose record is at or after a time; partitions without one: their end.
  virtual Result<std::map<TopicPartition, Offset>> offsets_for_time(
      std::span<const TopicPartition> partitions, Timestamp time) = 0;
  /// Committed offsets of a group; partitions without one are absent. Waits (bounded) while a
  /// transaction that would change them is open (require_stable).
  virtual Result<OffsetsByPartition> committed_offsets(
      const std::string& group, std::span<const TopicPartition> partitions) = 0;
  /// Set offsets of a group that has no members.
  virtual Status reset_offsets(const std::string& group, const OffsetsByPartition& offsets) = 0;
  /// Drop the records below these offsets.
  virtual Status delete_records(std::span<const PartitionPosition> before) = 0;
};

/// The log on which an application runs: Kafka, the embedded log, or a simulated one.
/// **Thread**: any; what it makes has its own rule. **Lifetime**: outlives what it makes.
class Broker {
 public:
  virtual ~Broker() = default;
  virtual Result<std::unique_ptr<Consumer>> make_consumer(const ConsumerOptions& options) = 0;
  virtual Result<std::unique_ptr<Producer>> make_producer(const ProducerOptions& options) = 0;
  virtual Result<std::unique_ptr<Membership>> join(const MembershipOptions& options) = 0;
  virtual Admin& admin() = 0;
  /// What was lost or found odd when it was opened, and how long a spill must wait: records below
  /// this number of commits are durable (embedded); Kafka: always the newest.
  virtual Status sync() = 0;
};

}  // namespace millstream
