#pragma once

#include <millstream/runtime/stream_task.h>

#include "latency_runs.h"
#include "punctuations.h"
#include "record_queue.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace millstream {

/// The inside of a task: what its nodes see of it, and its queues.
class StreamTask::Context final : public TaskContext {
 public:
  Context(StreamTaskOptions options, const BuiltTopology& topology,
          std::unique_ptr<TaskState> state, RecordCollector& collector, Metrics& metrics,
          Logger& logger);

  // What the nodes see.
  const std::string& application_id() const override { return options_.application_id; }
  TaskId task_id() const override { return options_.id; }
  ByteStore& store(std::string_view name) override;
  const StoreSpec& store_spec(std::string_view name) const override;
  CacheBudget& cache_budget() override;
  DefaultTimestampExtractor default_timestamp_extractor() const override {
    return options_.timestamp_extractor;
  }
  Timestamp stream_time() const override { return stream_time_; }
  Timestamp wall_clock_time() const override { return now_; }
  const RecordMetadata& record_metadata() const override { return metadata_; }
  const RawRecord& raw_record() const override { return raw_; }
  void send(std::string_view node, std::string_view topic, std::optional<PartitionId> partition,
            std::optional<std::string_view> key, std::optional<std::string_view> value,
            Timestamp timestamp, const Headers& headers) override;
  PartitionId partition_count(std::string_view topic) const override;
  std::shared_ptr<Cancellable> schedule(Duration interval, PunctuationType type,
                                        Punctuator punctuator) override;
  void register_operator_state(std::string_view name, OperatorState& state) override;
  void request_commit() override { commit_requested_ = true; }
  void drop(std::string_view node, DropReason reason) override;
  void on_processing_error(std::string_view node, std::string_view what) override;
  void on_production_error(std::string_view node, std::string_view what) override;
  void on_deserialization_error(std::string_view node, std::string_view what) override;
  Metrics& metrics() override { return *metrics_; }
  Logger& logger() override { return *logger_; }

  // What the task does.
  TaskState& state() { return *state_; }
  const Subtopology& subtopology() const { return *subtopology_; }
  const std::vector<TopicPartition>& partitions() const { return partitions_; }
  std::string full_topic_name(std::string_view topic) const;
  RecordQueue& queue(const TopicPartition& partition);
  std::size_t queued() const;
  void init(const CommitMark* mark, Timestamp now);
  std::size_t process(std::size_t limit, Timestamp now);
  bool punctuate(Timestamp now);
  void advance_stream_time(Timestamp time);
  void flush();
  bool needs_commit() const;
  bool commit_requested() const {
    return commit_requested_ || (state_ != nullptr && state_->wants_commit());
  }
  CommitMark prepare_commit(Timestamp now) const;
  void committed(CommitMark mark);
  void abort();
  const CommitMark& mark() const { return mark_; }
  void set_start_offset(const TopicPartition& partition, Offset offset);
  Status close(bool spill_committed);
  std::optional<Timestamp> next_wall_clock_punctuation() const { return wall_clock_.next(); }
  std::uint64_t records_processed() const { return records_processed_; }
  LatencyRuns& latency() { return latency_; }
  std::vector<EdgeCount> edges() const { return nodes_->edges(); }

 private:
  /// Null: it's no global store.
  const StoreSpec* global_spec(std::string_view name) const;
  void make_queues();
  void init_nodes();
  void load_times();
  void load_operator_state();
  RecordQueue* choose();
  bool ready(Timestamp now);
  void process_one(RecordQueue& queue);
  bool advance_idle_sources(Timestamp now);
  void leave_record();
  void respond(RecordFault::Stage stage, const ExceptionHandler& handler, std::string_view node,
               std::string_view what);
  void send_aside(const std::string& topic, std::string_view node, std::string_view reason,
                  std::string_view what);

  StreamTaskOptions options_;
  std::unique_ptr<TaskState> state_;
  RecordCollector* collector_;
  Metrics* metrics_;
  Logger* logger_;
  const BuiltTopology* topology_;
  const Subtopology* subtopology_ = nullptr;
  CacheBudget no_cache_;
  std::unique_ptr<TaskTopology> nodes_;
  std::vector<TopicPartition> partitions_;
  std::vector<std::unique_ptr<RecordQueue>> queues_;
  std::map<std::string, std::string, std::less<>> internal_names_;
  Punctuations stream_clock_;
  Punctuations wall_clock_;
  std::map<std::string, OperatorState*, std::less<>> operator_states_;
  std::map<std::pair<std::string, DropReason>, Counter*> dropped_;
  Counter* processed_counter_;

  CommitMark mark_;
  Timestamp now_;
  Timestamp stream_time_ = Timestamp::none();
  /// The committed stream time while nodes are made ready; none: a new task, or they are.
  Timestamp resumed_at_ = Timestamp::none();
  /// When the last record was processed, or the task was resumed: since then sources are idle.
  std::optional<Timestamp> last_arrival_;
  RecordMetadata metadata_;
  RawRecord raw_;
  /// What was sent to the rejected topic last: a record may be late for several windows of a node.
  struct Rejection {
    std::string topic;
    Offset offset = Offset::kNone;
    std::string node;
    bool operator==(const Rejection&) const = default;
  };
  Rejection last_rejection_;
  bool dirty_ = false;
  bool commit_requested_ = false;
  std::uint64_t records_processed_ = 0;
  LatencyRuns latency_;
};

}  // namespace millstream
