#pragma once

#include <millstream/core/headers.h>
#include <millstream/core/ids.h>
#include <millstream/core/log.h>
#include <millstream/core/metrics.h>
#include <millstream/core/record.h>
#include <millstream/core/time.h>
#include <millstream/state/byte_store.h>
#include <millstream/state/store_spec.h>
#include <millstream/topology/handlers.h>
#include <millstream/topology/timestamp_extractor.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace millstream {

/// The clock that a punctuation follows. **Source**: PunctuationType of Kafka Streams.
enum class PunctuationType { kStreamTime, kWallClockTime };

/// A scheduled punctuation. **Thread**: the task's. May be cancelled from inside the punctuation.
class Cancellable {
 public:
  virtual ~Cancellable() = default;
  virtual void cancel() = 0;
};

using Punctuator = std::function<void(Timestamp)>;

/// A little state of an operator that decides later results and so is committed with the task:
/// stream times, sequence numbers, suppression clocks.
class OperatorState {
 public:
  virtual ~OperatorState() = default;
  /// Append the state's bytes.
  virtual void save(std::string& out) const = 0;
  /// Take the bytes of an earlier `save`. Called once, after `init` and before the first record.
  /// Empty bytes: the state of a new task.
  virtual void load(std::string_view bytes) = 0;
};

/// Why an operator drops a record; the metric's label and the `rejected` side output's header.
enum class DropReason {
  kNullKey,
  kNullValue,
  kLate,     ///< Its window is closed, or a later version of its row is there.
  kExpired,  ///< Older than what its store keeps.
  kInvalidTimestamp,
  kNullJoinKey,
  kNoWindow,  ///< Before the first window begins.
};
[[nodiscard]] std::string_view to_string(DropReason reason);

/// The room that the record caches of all tasks of a thread share. **Thread**: that thread.
/// **Units**: bytes. **Source**: ThreadCache of Kafka Streams.
struct CacheBudget {
  std::size_t limit = 0;
  std::size_t used = 0;
};

/// What a task offers its nodes; the runtime and the test driver implement it.
/// **Thread**: the task's. **Lifetime**: outlives the nodes.
class TaskContext {
 public:
  virtual ~TaskContext() = default;

  [[nodiscard]] virtual const std::string& application_id() const = 0;
  [[nodiscard]] virtual TaskId task_id() const = 0;

  /// The store of that name; it is connected to the asking node, or the topology was refused.
  [[nodiscard]] virtual ByteStore& store(std::string_view name) = 0;
  [[nodiscard]] virtual const StoreSpec& store_spec(std::string_view name) const = 0;
  /// The room of the record caches (statestore.cache.max.bytes, shared out to threads): each adds
  /// what it uses. **Lifetime**: outlives the nodes.
  [[nodiscard]] virtual CacheBudget& cache_budget() = 0;
  /// For sources of other than internal topics without an extractor of their own.
  [[nodiscard]] virtual DefaultTimestampExtractor default_timestamp_extractor() const = 0;

  /// The maximum timestamp of the records that this task has processed; none before the first.
  [[nodiscard]] virtual Timestamp stream_time() const = 0;
  /// Wall-clock time as the task sees it: the same during one step.
  [[nodiscard]] virtual Timestamp wall_clock_time() const = 0;
  /// Where the record being processed came from; topic empty and offset -1 during punctuation.
  [[nodiscard]] virtual const RecordMetadata& record_metadata() const = 0;
  /// The input record being processed, in its original bytes; empty topic during punctuation.
  [[nodiscard]] virtual const RawRecord& raw_record() const = 0;

  /// Write a record to a topic (full name, but internal topics without the application's prefix).
  /// Without a partition: by murmur2 of the key.
  virtual void send(std::string_view node, std::string_view topic,
                    std::optional<PartitionId> partition, std::optional<std::string_view> key,
                    std::optional<std::string_view> value, Timestamp timestamp,
                    const Headers& headers) = 0;
  /// Partitions of a topic that this task writes, for a partitioner.
  [[nodiscard]] virtual PartitionId partition_count(std::string_view topic) const = 0;

  /// Call `punctuator` each `interval`. The handle may be dropped; the schedule goes on.
  virtual std::shared_ptr<Cancellable> schedule(Duration interval, PunctuationType type,
                                                Punctuator punctuator) = 0;
  /// Commit this state with the task, under a name that is unique and stable in the topology.
  /// **Lifetime**: `state` as long as the task's nodes.
  virtual void register_operator_state(std::string_view name, OperatorState& state) = 0;
  /// Ask for a commit as soon as possible.
  virtual void request_commit() = 0;

  /// Count a dropped record, log it sparingly, and send its original bytes to the `rejected` topic
  /// if one is configured: once a record and node, however many windows it is late for.
  virtual void drop(std::string_view node, DropReason reason) = 0;
  /// An exception left a node. Asks the handler; returns if the record is to be skipped.
  /// **Errors**: StreamsError if not.
  virtual void on_processing_error(std::string_view node, std::string_view what) = 0;
  /// The record being loaded could not be deserialised. As above with the deserialisation handler.
  virtual void on_deserialization_error(std::string_view node, std::string_view what) = 0;
  /// A record could not be serialised or was refused. As above with the production handler.
  virtual void on_production_error(std::string_view node, std::string_view what) = 0;

  [[nodiscard]] virtual Metrics& metrics() = 0;
  [[nodiscard]] virtual Logger& logger() = 0;
};

}  // namespace millstream
