#include "task_context_impl.h"

#include <millstream/core/assert.h>
#include <millstream/core/big_endian.h>
#include <millstream/core/fault_points.h>
#include <millstream/topology/errors.h>

#include <algorithm>
#include <utility>

namespace millstream {

namespace {

/// The task's own entry among the operators' states: stream time and partition times.
constexpr std::string_view kTaskTimes = "task-times";

const Subtopology& find_subtopology(const BuiltTopology& topology, int id) {
  for (const Subtopology& subtopology : topology.subtopologies()) {
    if (subtopology.id == id) return subtopology;
  }
  MILLSTREAM_ASSERT(false, "no such sub-topology");
  return topology.subtopologies().front();
}

}  // namespace

StreamTask::Context::Context(StreamTaskOptions options, const BuiltTopology& topology,
                             std::unique_ptr<TaskState> state, RecordCollector& collector,
                             Metrics& metrics, Logger& logger)
    : options_(std::move(options)),
      state_(std::move(state)),
      collector_(&collector),
      metrics_(&metrics),
      logger_(&logger),
      topology_(&topology),
      subtopology_(&find_subtopology(topology, options_.id.subtopology)),
      nodes_(topology.instantiate(options_.id.subtopology)),
      processed_counter_(&metrics.counter(
          "millstream_records_processed_total", "Input records processed by stream tasks.",
          {{"subtopology", std::to_string(options_.id.subtopology)}})) {
  for (const SourceTopic& source : subtopology_->sources) {
    if (source.internal) {
      internal_names_[source.name] = options_.application_id + "-" + source.name;
    }
  }
  for (const SourceTopic& sink : subtopology_->sinks) {
    if (sink.internal) internal_names_[sink.name] = options_.application_id + "-" + sink.name;
  }
  make_queues();
}

void StreamTask::Context::make_queues() {
  for (const SourceTopic& source : subtopology_->sources) {
    TopicPartition partition{full_topic_name(source.name), options_.id.partition};
    queues_.push_back(std::make_unique<RecordQueue>(
        partition, source.name, nodes_->source(source.name).make_head(), source.idle_timeout));
    partitions_.push_back(std::move(partition));
  }
}

std::string StreamTask::Context::full_topic_name(std::string_view topic) const {
  const auto internal = internal_names_.find(topic);
  return internal == internal_names_.end() ? std::string(topic) : internal->second;
}

RecordQueue& StreamTask::Context::queue(const TopicPartition& partition) {
  for (const auto& queue : queues_) {
    if (queue->partition() == partition) return *queue;
  }
  MILLSTREAM_ASSERT(false, "a partition that is not the task's");
  return *queues_.front();
}

std::size_t StreamTask::Context::queued() const {
  std::size_t sum = 0;
  for (const auto& queue : queues_) sum += queue->size();
  return sum;
}

const StoreSpec* StreamTask::Context::global_spec(std::string_view name) const {
  if (options_.global_state == nullptr) return nullptr;
  for (const StoreSpec& spec : options_.global_state->specs()) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

ByteStore& StreamTask::Context::store(std::string_view name) {
  return global_spec(name) != nullptr ? options_.global_state->store(name) : state_->store(name);
}

CacheBudget& StreamTask::Context::cache_budget() {
  return options_.cache_budget != nullptr ? *options_.cache_budget : no_cache_;
}

const StoreSpec& StreamTask::Context::store_spec(std::string_view name) const {
  if (const StoreSpec* global = global_spec(name)) return *global;
  for (const StoreSpec& spec : subtopology_->stores) {
    if (spec.name == name) return spec;
  }
  MILLSTREAM_ASSERT(false, "a store that is not the sub-topology's");
  return subtopology_->stores.front();
}

void StreamTask::Context::send(std::string_view node, std::string_view topic,
                               std::optional<PartitionId> partition,
                               std::optional<std::string_view> key,
                               std::optional<std::string_view> value, Timestamp timestamp,
                               const Headers& headers) {
  const auto internal = internal_names_.find(topic);
  const Status status = collector_->send(
      {.topic = internal == internal_names_.end() ? topic : std::string_view(internal->second),
       .partition = partition,
       .key = key,
       .value = value,
       .timestamp = timestamp,
       .headers = &headers});
  if (!status) on_production_error(node, status.error().message());
}

PartitionId StreamTask::Context::partition_count(std::string_view topic) const {
  return collector_->partition_count(full_topic_name(topic));
}

std::shared_ptr<Cancellable> StreamTask::Context::schedule(Duration interval, PunctuationType type,
                                                           Punctuator punctuator) {
  if (interval.count() < 1) throw StreamsError("a punctuation's interval is below 1 ms");
  if (type == PunctuationType::kWallClockTime) {
    return wall_clock_.schedule(now_ + interval, interval, std::move(punctuator));
  }
  // Aligned to 0 and due at once; in a task that goes on from a commit: after what was due then.
  Timestamp first(0);
  if (resumed_at_.is_valid()) {
    first = Timestamp((resumed_at_.ms() / interval.count() + 1) * interval.count());
  }
  return stream_clock_.schedule(first, interval, std::move(punctuator));
}

void StreamTask::Context::register_operator_state(std::string_view name, OperatorState& state) {
  const bool added = operator_states_.emplace(name, &state).second;
  MILLSTREAM_ASSERT(added, "two operator states of one name");
}

void StreamTask::Context::init(const CommitMark* mark, Timestamp now) {
  now_ = now;
  if (mark != nullptr) mark_ = *mark;
  for (const auto& queue : queues_) {
    const auto offset = mark_.input_offsets.find(queue->partition());
    if (offset != mark_.input_offsets.end()) queue->set_consumed(offset->second);
  }
  init_nodes();
}

/// Make the nodes ready, and bring them to where the last commit left them.
void StreamTask::Context::init_nodes() {
  load_times();
  resumed_at_ = stream_time_;
  if (resumed_at_.is_valid()) last_arrival_ = now_;
  nodes_->init(*this);
  resumed_at_ = Timestamp::none();
  load_operator_state();
}

void StreamTask::Context::load_operator_state() {
  for (const auto& [name, state] : operator_states_) {
    const auto saved = mark_.operator_state.find(name);
    state->load(saved == mark_.operator_state.end() ? std::string_view() : saved->second);
  }
}

void StreamTask::Context::load_times() {
  const auto times = mark_.operator_state.find(std::string(kTaskTimes));
  const bool known =
      times != mark_.operator_state.end() && times->second.size() == 8 * (queues_.size() + 1);
  const auto time = [&](std::size_t i) {
    return known ? Timestamp(read_big_endian<std::int64_t>(times->second, 8 * i))
                 : Timestamp::none();
  };
  stream_time_ = time(0);
  for (std::size_t i = 0; i < queues_.size(); ++i) queues_[i]->set_partition_time(time(i + 1));
}

RecordQueue* StreamTask::Context::choose() {
  RecordQueue* oldest = nullptr;
  for (const auto& queue : queues_) {
    if (!queue->has_head()) queue->load_head(raw_);
    if (!queue->has_head()) continue;
    if (oldest == nullptr || queue->head_time() < oldest->head_time()) oldest = queue.get();
  }
  return oldest;
}

/// Whether the oldest head may be processed although other partitions are empty.
/// **Source**: PartitionGroup.readyToProcess, KIP-695.
bool StreamTask::Context::ready(Timestamp now) {
  if (options_.max_task_idle.count() < 0 || queues_.size() == 1) return true;
  for (const auto& queue : queues_) {
    if (queue->size() > 0) continue;
    if (!queue->caught_up()) return false;
    if (options_.max_task_idle.count() == 0) continue;
    if (!queue->waiting_since) queue->waiting_since = now;
    if (now - *queue->waiting_since < options_.max_task_idle) return false;
  }
  return true;
}

std::size_t StreamTask::Context::process(std::size_t limit, Timestamp now) {
  now_ = now;
  const std::size_t before = queued();
  std::size_t processed = 0;
  while (processed < limit) {
    RecordQueue* queue = choose();
    if (queue == nullptr || !ready(now)) break;
    process_one(*queue);
    ++processed;
  }
  const std::size_t taken = before - queued();
  if (taken > 0) {
    dirty_ = true;
    last_arrival_ = now;
    records_processed_ += taken;
    processed_counter_->add(taken);
  }
  return taken;
}

void StreamTask::Context::process_one(RecordQueue& queue) {
  stream_time_ = std::max(stream_time_, queue.head_time());
  metadata_ = {queue.partition().topic, queue.partition().partition, queue.head_offset()};
  queue.process_head(raw_);
  latency_.note(raw_.timestamp);
  leave_record();
  if (stream_clock_.is_due(stream_time_)) stream_clock_.punctuate(stream_time_);
}

void StreamTask::Context::leave_record() {
  raw_ = {};
  metadata_ = {};
}

bool StreamTask::Context::punctuate(Timestamp now) {
  now_ = now;
  bool ran = advance_idle_sources(now);
  if (wall_clock_.is_due(now)) ran = wall_clock_.punctuate(now) || ran;
  dirty_ = dirty_ || ran;
  return ran;
}

/// Once every source has been silent for its idle time-out, wall-clock time is stream time; again
/// after each further time-out.
bool StreamTask::Context::advance_idle_sources(Timestamp now) {
  if (!last_arrival_ || queued() > 0 || now <= stream_time_) return false;
  for (const auto& queue : queues_) {
    if (!queue->idle_timeout() || !queue->caught_up()) return false;
    if (now - *last_arrival_ < *queue->idle_timeout()) return false;
  }
  advance_stream_time(now);
  last_arrival_ = now;
  return true;
}

void StreamTask::Context::advance_stream_time(Timestamp time) {
  if (time <= stream_time_) return;
  stream_time_ = time;
  dirty_ = true;
  nodes_->advance_stream_time(time);
  if (stream_clock_.is_due(stream_time_)) stream_clock_.punctuate(stream_time_);
}

void StreamTask::Context::flush() { nodes_->flush(); }

bool StreamTask::Context::needs_commit() const {
  if (dirty_ || (state_ != nullptr && state_->has_changes())) return true;
  return std::any_of(queues_.begin(), queues_.end(), [&](const auto& queue) {
    const auto last = mark_.input_offsets.find(queue->partition());
    const Offset committed = last == mark_.input_offsets.end() ? Offset::kNone : last->second;
    return queue->commit_offset() > committed;
  });
}

CommitMark StreamTask::Context::prepare_commit(Timestamp now) const {
  CommitMark mark = mark_;
  ++mark.number;
  mark.committed_at = now;
  for (const auto& queue : queues_) {
    const Offset done =
        MILLSTREAM_MUTANT(kFetchedOffset) ? queue->position() : queue->commit_offset();
    if (done != Offset::kNone) {
      mark.input_offsets[queue->partition()] = done;
    }
  }
  for (const auto& [name, state] : operator_states_) {
    if (MILLSTREAM_MUTANT(kOperatorStateLeftOut)) break;
    std::string& bytes = mark.operator_state[name];
    bytes.clear();
    state->save(bytes);
  }
  std::string& times = mark.operator_state[std::string(kTaskTimes)];
  times.clear();
  append_big_endian(times, stream_time_.ms());
  for (const auto& queue : queues_) append_big_endian(times, queue->partition_time().ms());
  return mark;
}

void StreamTask::Context::committed(CommitMark mark) {
  mark_ = std::move(mark);
  if (state_ != nullptr) state_->mark_committed(mark_);
  latency_.submit();
  dirty_ = false;
  commit_requested_ = false;
}

void StreamTask::Context::abort() {
  if (state_ != nullptr) state_->abort();
  for (const auto& queue : queues_) {
    if (MILLSTREAM_MUTANT(kAbortKeepsQueues)) continue;
    queue->clear();
    const auto offset = mark_.input_offsets.find(queue->partition());
    queue->set_consumed(offset == mark_.input_offsets.end() ? Offset::kNone : offset->second);
  }
  leave_record();
  latency_.clear();
  last_rejection_ = {};
  nodes_->close();
  stream_clock_.clear();
  wall_clock_.start_over();
  operator_states_.clear();
  nodes_ = topology_->instantiate(options_.id.subtopology);
  for (const auto& queue : queues_) {
    queue->set_head(nodes_->source(queue->source_topic()).make_head());
  }
  init_nodes();
  dirty_ = false;
  commit_requested_ = false;
}

void StreamTask::Context::set_start_offset(const TopicPartition& partition, Offset offset) {
  mark_.input_offsets[partition] = offset;
  queue(partition).set_consumed(offset);
}

Status StreamTask::Context::close(bool spill_committed) {
  stream_clock_.clear();
  wall_clock_.clear();
  nodes_->close();
  return state_ != nullptr ? state_->close(spill_committed) : Status();
}

}  // namespace millstream
