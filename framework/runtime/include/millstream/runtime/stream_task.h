#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/log.h>
#include <millstream/core/metrics.h>
#include <millstream/core/time.h>
#include <millstream/runtime/record_collector.h>
#include <millstream/state/task_state.h>
#include <millstream/topology/built_topology.h>
#include <millstream/topology/handlers.h>
#include <millstream/transport/broker.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace millstream {

/// What becomes of faulty records; empty functions: fail, as in Kafka Streams.
struct Handlers {
  ExceptionHandler deserialization;
  ExceptionHandler processing;
  ExceptionHandler production;
};

/// What a task needs to know of its application.
struct StreamTaskOptions {
  std::string application_id;
  TaskId id;
  Handlers handlers;
  /// Where kDeadLetter sends records, and where dropped ones go; empty: nowhere.
  std::string dead_letter_topic;
  std::string rejected_topic;
  /// **Source**: max.task.idle.ms of Kafka Streams; -1 ms: never wait.
  Duration max_task_idle{0};
  /// The room of the record caches, shared with the tasks of the same thread; null: no caches.
  /// **Lifetime**: outlives the task.
  CacheBudget* cache_budget = nullptr;
  /// The global stores that the nodes may read; null: there are none. **Lifetime**: as the budget.
  TaskState* global_state = nullptr;
  DefaultTimestampExtractor timestamp_extractor = DefaultTimestampExtractor::kFail;
};

/// One task: the nodes of a sub-topology, its source queues, punctuations and state. It does what
/// it is told, one step at a time; commit and restore are orchestrated by its owner.
/// **Thread**: its owner's. **Errors**: StreamsError and StoreError leave `process`, `punctuate`,
/// `flush` and `advance_stream_time`; the task must then be aborted or closed.
class StreamTask {
 public:
  /// **Lifetime**: topology, collector, metrics and logger must outlive the task. `state` null: the
  /// sub-topology has no stores.
  StreamTask(StreamTaskOptions options, const BuiltTopology& topology,
             std::unique_ptr<TaskState> state, RecordCollector& collector, Metrics& metrics,
             Logger& logger);
  ~StreamTask();
  StreamTask(const StreamTask&) = delete;
  StreamTask& operator=(const StreamTask&) = delete;

  [[nodiscard]] TaskId id() const;
  [[nodiscard]] TaskState& state();
  [[nodiscard]] const Subtopology& subtopology() const;
  /// The source partitions, by full topic names.
  [[nodiscard]] const std::vector<TopicPartition>& source_partitions() const;
  /// The full name of a topic of the topology: internal ones carry the application's id.
  [[nodiscard]] std::string full_topic_name(std::string_view topic) const;

  /// Make the nodes ready and take the operators' state of a commit; null: a new task.
  void init(const CommitMark* mark, Timestamp now);

  /// Queue fetched records. **Order**: batches of a partition come in offset order.
  void add(std::unique_ptr<FetchedBatch> batch);
  /// Records queued and not yet processed.
  [[nodiscard]] std::size_t queued() const;
  [[nodiscard]] std::size_t queued(const TopicPartition& partition) const;
  /// Nothing of it is queued although its topic has more, as far as is known.
  [[nodiscard]] bool starved(const TopicPartition& partition) const;
  /// What the consumer knows of a partition: decides whether an empty queue is waited for, and what
  /// is committed for a partition whose tail holds no records.
  void note_progress(const TopicPartition& partition, Offset position, Offset known_end);

  /// Process up to `limit` records, oldest head first, as far as no empty partition has to be
  /// waited for; stream-time punctuation included. The number of records taken from the queues.
  std::size_t process(std::size_t limit, Timestamp now);
  /// Wall-clock punctuation, and stream time moved by idle sources. True if anything ran.
  bool punctuate(Timestamp now);
  /// Move the stream time of all operators; see Node::advance_stream_time.
  void advance_stream_time(Timestamp time);
  /// Hand on what record caches hold; before a commit.
  void flush();

  /// Whether a commit would say anything new.
  [[nodiscard]] bool needs_commit() const;
  [[nodiscard]] bool commit_requested() const;
  /// The next commit's mark, without changelog positions, which only the producer knows.
  [[nodiscard]] CommitMark prepare_commit(Timestamp now) const;
  /// The broker has it: state and offsets are those of `mark` now.
  void committed(CommitMark mark);
  /// Go back to the last commit: dirty state, queues, and new nodes with the operators' state of
  /// then. The source partitions must be sought to `mark().input_offsets`.
  void abort();
  /// The last commit.
  [[nodiscard]] const CommitMark& mark() const;
  /// Say where partitions begin that no commit names yet.
  void set_start_offset(const TopicPartition& partition, Offset offset);

  /// Drop the nodes and close the state; spills what is committed if asked to.
  Status close(bool spill_committed);

  [[nodiscard]] Timestamp stream_time() const;
  /// What was processed up to the last commit is visible since `now`: observe how long that took
  /// from the records' timestamps on. After `committed`.
  void observe_latency(Timestamp now, Histogram& seconds);
  /// Records processed of a source partition since the task was made.
  [[nodiscard]] std::uint64_t records_processed(const TopicPartition& partition) const;
  /// The topology's name of a source partition's topic.
  [[nodiscard]] const std::string& source_topic(const TopicPartition& partition) const;
  /// See TaskTopology::edges.
  [[nodiscard]] std::vector<EdgeCount> edges() const;
  /// The next wall-clock time at which `punctuate` has something to do; none: nothing is scheduled.
  [[nodiscard]] std::optional<Timestamp> next_wall_clock_punctuation() const;
  /// Input records processed since the task was made.
  [[nodiscard]] std::uint64_t records_processed() const;

 private:
  class Context;
  std::unique_ptr<Context> context_;
};

}  // namespace millstream
