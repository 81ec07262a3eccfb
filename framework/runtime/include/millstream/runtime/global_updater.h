#pragma once

#include <millstream/core/metrics.h>
#include <millstream/runtime/stream_task.h>
#include <millstream/topology/built_topology.h>

#include <map>
#include <memory>
#include <string>

namespace millstream {

/// Fills global stores with the records of their topics, by the topology's own nodes. It neither
/// reads nor commits: its owner does. **Thread**: its owner's. **Source**: GlobalStateUpdateTask of
/// Kafka Streams.
class GlobalUpdater final : public TaskContext {
 public:
  /// **Lifetime**: all arguments outlive this; `state` holds the global stores too.
  GlobalUpdater(const BuiltTopology& topology, const std::string& application_id,
                const Handlers& handlers, DefaultTimestampExtractor extractor, TaskState& state,
                Metrics& metrics, Logger& logger);

  /// Whether a global store is filled from the topic.
  [[nodiscard]] bool reads(std::string_view topic) const { return heads_.contains(topic); }
  /// Process a record of such a topic. **Errors**: StreamsError where a handler says fail.
  void process(const RawRecord& record, Timestamp now);

  const std::string& application_id() const override { return application_id_; }
  TaskId task_id() const override { return {-1, -1}; }
  ByteStore& store(std::string_view name) override { return state_->store(name); }
  const StoreSpec& store_spec(std::string_view name) const override;
  CacheBudget& cache_budget() override { return no_cache_; }
  DefaultTimestampExtractor default_timestamp_extractor() const override { return extractor_; }
  Timestamp stream_time() const override { return stream_time_; }
  Timestamp wall_clock_time() const override { return now_; }
  const RecordMetadata& record_metadata() const override { return metadata_; }
  const RawRecord& raw_record() const override { return raw_; }
  void send(std::string_view node, std::string_view topic, std::optional<PartitionId> partition,
            std::optional<std::string_view> key, std::optional<std::string_view> value,
            Timestamp timestamp, const Headers& headers) override;
  PartitionId partition_count(std::string_view) const override { return 1; }
  std::shared_ptr<Cancellable> schedule(Duration interval, PunctuationType type,
                                        Punctuator punctuator) override;
  void register_operator_state(std::string_view, OperatorState&) override {}
  void request_commit() override {}
  void drop(std::string_view node, DropReason reason) override;
  void on_processing_error(std::string_view node, std::string_view what) override;
  void on_deserialization_error(std::string_view node, std::string_view what) override;
  void on_production_error(std::string_view node, std::string_view what) override;
  Metrics& metrics() override { return *metrics_; }
  Logger& logger() override { return *logger_; }

 private:
  void respond(RecordFault::Stage stage, const ExceptionHandler& handler, std::string_view node,
               std::string_view what);

  std::string application_id_;
  Handlers handlers_;
  DefaultTimestampExtractor extractor_;
  CacheBudget no_cache_;
  TaskState* state_;
  Metrics* metrics_;
  Logger* logger_;
  std::unique_ptr<TaskTopology> nodes_;
  std::map<std::string, std::unique_ptr<SourceHead>, std::less<>> heads_;
  RecordMetadata metadata_;
  RawRecord raw_;
  Timestamp stream_time_ = Timestamp::none();
  Timestamp now_;
};

}  // namespace millstream
