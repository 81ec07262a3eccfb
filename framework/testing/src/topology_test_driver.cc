#include <millstream/testing/topology_test_driver.h>

#include <millstream/core/log.h>
#include <millstream/runtime/global_updater.h>
#include <millstream/runtime/streams_config.h>

#include "merged_topology.h"
#include "test_batch.h"
#include "test_collector.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

namespace millstream {

namespace {

StreamsConfig read_config(Config config) {
  if (!config.contains("application.id")) config.set("application.id", "topology-test-driver");
  auto read = StreamsConfig::from(config);
  if (!read) throw std::invalid_argument(std::string(read.error().message()));
  return *std::move(read);
}

ExceptionHandler handler_or(ExceptionHandler own, HandlerResponse configured) {
  if (own) return own;
  return [configured](const RecordFault&) { return configured; };
}

std::unique_ptr<TaskState> open_state(const std::vector<StoreSpec>& stores, Logger& logger) {
  TaskStateOptions options;
  options.stores = stores;
  options.logger = &logger;
  auto state = TaskState::open(std::move(options));
  if (!state) throw std::invalid_argument(std::string(state.error().message()));
  return *std::move(state);
}

}  // namespace

class TopologyTestDriver::Impl {
 public:
  Impl(std::shared_ptr<const BuiltTopology> topology, TopologyTestDriverOptions options)
      : config_(read_config(std::move(options.config))),
        topology_(std::move(topology)),
        handlers_{handler_or(std::move(options.handlers.deserialization),
                             config_.on_deserialization_error),
                  handler_or(std::move(options.handlers.processing), config_.on_processing_error),
                  handler_or(std::move(options.handlers.production), config_.on_production_error)},
        now_(options.initial_wall_clock),
        cache_budget_{.limit = config_.cache_bytes},
        task_({.application_id = config_.application_id,
               .id = {0, 0},
               .handlers = handlers_,
               .dead_letter_topic = config_.dead_letter_topic,
               .rejected_topic = config_.rejected_topic,
               .max_task_idle = Duration(-1),
               .cache_budget = &cache_budget_,
               .timestamp_extractor = config_.timestamp_extractor},
              topology_, open_state(specs(), logger_), collector_, metrics_, logger_),
        globals_(topology_, config_.application_id, handlers_, config_.timestamp_extractor,
                 task_.state(), metrics_, logger_),
        aborts_(options.abort_once_a_record) {
    for (const SourceTopic& source : topology_.subtopologies().front().sources) {
      inputs_[task_.full_topic_name(source.name)] = Offset{0};
    }
    task_.init(nullptr, now_);
    commit();
  }

  void pipe(const RawTestRecord& record) {
    if (!enqueue(record)) {
      throw std::invalid_argument("the topology reads no topic " + record.topic);
    }
    complete();
  }

  void advance(Duration by) {
    now_ = now_ + by;
    for (const auto& [topic, end] : inputs_) task_.note_progress({topic, 0}, end, end);
    task_.punctuate(now_);
    commit();
    complete();
  }

  void advance_stream_time(Timestamp time) {
    task_.advance_stream_time(time);
    commit();
    complete();
  }

  void restart() { task_.abort(); }

  [[nodiscard]] Timestamp now() const { return now_; }
  TestCollector& collector() { return collector_; }
  [[nodiscard]] const TestCollector& collector() const { return collector_; }
  StreamTask& task() { return task_; }
  [[nodiscard]] const Metrics& metrics() const { return metrics_; }
  [[nodiscard]] const std::vector<StoreSpec>& specs() const {
    return topology_.subtopologies().front().stores;
  }

 private:
  /// False if nobody reads the topic.
  bool enqueue(const RawTestRecord& record) {
    if (globals_.reads(record.topic)) {
      pipe_to_global_store(record);
      return true;
    }
    std::string topic = record.topic;
    auto offset = inputs_.find(topic);
    if (offset == inputs_.end()) offset = inputs_.find(task_.full_topic_name(topic));
    if (offset == inputs_.end()) return false;
    pending_.push_back({{offset->first, 0}, offset->second, record});
    add_to_task(pending_.back());
    offset->second = next(offset->second);
    return true;
  }

  void pipe_to_global_store(const RawTestRecord& record) {
    Offset& offset = global_offsets_.try_emplace(record.topic, Offset{0}).first->second;
    Headers headers = record.headers;
    globals_.process(
        {record.topic, 0, offset, record.timestamp, record.key, record.value, &headers}, now_);
    offset = next(offset);
    task_.state().mark_committed(task_.mark());
  }

  /// A record that is queued and not yet committed.
  struct Pending {
    TopicPartition partition;
    Offset offset;
    RawTestRecord record;
  };
  void add_to_task(const Pending& pending) {
    task_.add(std::make_unique<TestBatch>(pending.partition, pending.offset, pending.record));
  }
  void forget_committed() {
    std::erase_if(pending_, [this](const Pending& pending) {
      const auto committed = task_.mark().input_offsets.find(pending.partition);
      return committed != task_.mark().input_offsets.end() && pending.offset < committed->second;
    });
  }

  /// Go back to the last commit, and queue what was queued then.
  void abort() {
    task_.abort();
    collector_.abort();
    for (const Pending& pending : pending_) add_to_task(pending);
  }

  /// Process all that is queued, and all that comes of it.
  void complete() {
    pipe_back();
    while (task_.queued() > 0) {
      task_.process(1, now_);
      if (aborts_) {
        abort();
        task_.process(1, now_);
      }
      commit();
      pipe_back();
    }
  }

  void commit() {
    task_.flush();
    task_.committed(task_.prepare_commit(now_));
    collector_.commit();
    forget_committed();
  }

  void pipe_back() {
    for (const RawTestRecord& record : collector_.take_new()) enqueue(record);
  }

  StreamsConfig config_;
  MergedTopology topology_;
  Handlers handlers_;
  Timestamp now_;
  NullLogger logger_;
  Metrics metrics_;
  TestCollector collector_;
  CacheBudget cache_budget_;
  StreamTask task_;
  GlobalUpdater globals_;
  bool aborts_;
  std::map<std::string, Offset, std::less<>> inputs_;
  std::map<std::string, Offset, std::less<>> global_offsets_;
  std::vector<Pending> pending_;
};

TopologyTestDriver::TopologyTestDriver(std::shared_ptr<const BuiltTopology> topology,
                                       TopologyTestDriverOptions options)
    : impl_(std::make_unique<Impl>(std::move(topology), std::move(options))) {}

TopologyTestDriver::~TopologyTestDriver() = default;

void TopologyTestDriver::pipe(const RawTestRecord& record) { impl_->pipe(record); }

void TopologyTestDriver::advance_wall_clock_time(Duration by) { impl_->advance(by); }

void TopologyTestDriver::advance_stream_time(Timestamp time) { impl_->advance_stream_time(time); }

void TopologyTestDriver::restart() { impl_->restart(); }

Timestamp TopologyTestDriver::wall_clock_time() const { return impl_->now(); }

std::optional<RawTestRecord> TopologyTestDriver::read_raw(std::string_view topic) {
  auto* queue = impl_->collector().find(topic);
  if (queue == nullptr || queue->empty()) return std::nullopt;
  RawTestRecord record = std::move(queue->front());
  queue->pop_front();
  return record;
}

std::size_t TopologyTestDriver::queue_size(std::string_view topic) const {
  const auto* queue = impl_->collector().find(topic);
  return queue == nullptr ? 0 : queue->size();
}

std::vector<std::string> TopologyTestDriver::produced_topic_names() const {
  std::vector<std::string> names;
  for (const auto& [name, records] : std::as_const(*impl_).collector().topics()) {
    names.push_back(name);
  }
  return names;
}

const StoreSpec& TopologyTestDriver::store_spec(std::string_view name) const {
  for (const StoreSpec& spec : impl_->specs()) {
    if (spec.name == name) return spec;
  }
  throw std::invalid_argument("the topology has no store " + std::string(name));
}

ByteStore& TopologyTestDriver::byte_store(std::string_view name) {
  static_cast<void>(store_spec(name));
  return impl_->task().state().store(name);
}

const Metrics& TopologyTestDriver::metrics() const { return impl_->metrics(); }

namespace detail {

void require_test_bytes(const Status& status, std::string_view topic) {
  if (status) return;
  throw std::runtime_error("topic " + std::string(topic) + ": " +
                           std::string(status.error().message()));
}

void fail_on_empty_topic(std::string_view topic) {
  throw std::out_of_range("no record is left in topic " + std::string(topic));
}

void fail_on_missing_serde(std::string_view topic) {
  throw std::invalid_argument("topic " + std::string(topic) + " needs its key's serde to be given");
}

}  // namespace detail

}  // namespace millstream
