#include <millstream/runtime/stream_task.h>

#include <millstream/core/assert.h>
#include <millstream/topology/errors.h>

#include "task_context_impl.h"

#include <utility>

namespace millstream {

StreamTask::StreamTask(StreamTaskOptions options, const BuiltTopology& topology,
                       std::unique_ptr<TaskState> state, RecordCollector& collector,
                       Metrics& metrics, Logger& logger)
    : context_(std::make_unique<Context>(std::move(options), topology, std::move(state), collector,
                                         metrics, logger)) {}

StreamTask::~StreamTask() = default;

TaskId StreamTask::id() const { return context_->task_id(); }
TaskState& StreamTask::state() { return context_->state(); }
const Subtopology& StreamTask::subtopology() const { return context_->subtopology(); }
const std::vector<TopicPartition>& StreamTask::source_partitions() const {
  return context_->partitions();
}
std::string StreamTask::full_topic_name(std::string_view topic) const {
  return context_->full_topic_name(topic);
}
void StreamTask::init(const CommitMark* mark, Timestamp now) { context_->init(mark, now); }
void StreamTask::add(std::unique_ptr<FetchedBatch> batch) {
  RecordQueue& queue = context_->queue(batch->partition());
  queue.add(std::move(batch));
}
std::size_t StreamTask::queued() const { return context_->queued(); }
std::size_t StreamTask::queued(const TopicPartition& partition) const {
  return context_->queue(partition).size();
}
bool StreamTask::starved(const TopicPartition& partition) const {
  const RecordQueue& queue = context_->queue(partition);
  return queue.size() == 0 && !queue.caught_up();
}
void StreamTask::note_progress(const TopicPartition& partition, Offset position, Offset known_end) {
  context_->queue(partition).note_progress(position, known_end);
}
std::size_t StreamTask::process(std::size_t limit, Timestamp now) {
  return context_->process(limit, now);
}
bool StreamTask::punctuate(Timestamp now) { return context_->punctuate(now); }
void StreamTask::advance_stream_time(Timestamp time) { context_->advance_stream_time(time); }
void StreamTask::flush() { context_->flush(); }
bool StreamTask::needs_commit() const { return context_->needs_commit(); }
bool StreamTask::commit_requested() const { return context_->commit_requested(); }
CommitMark StreamTask::prepare_commit(Timestamp now) const { return context_->prepare_commit(now); }
void StreamTask::committed(CommitMark mark) { context_->committed(std::move(mark)); }
void StreamTask::abort() { context_->abort(); }
const CommitMark& StreamTask::mark() const { return context_->mark(); }
void StreamTask::set_start_offset(const TopicPartition& partition, Offset offset) {
  context_->set_start_offset(partition, offset);
}
Status StreamTask::close(bool spill_committed) { return context_->close(spill_committed); }
Timestamp StreamTask::stream_time() const { return context_->stream_time(); }
void StreamTask::observe_latency(Timestamp now, Histogram& seconds) {
  context_->latency().observe(now, seconds);
}
std::uint64_t StreamTask::records_processed(const TopicPartition& partition) const {
  return context_->queue(partition).processed();
}
const std::string& StreamTask::source_topic(const TopicPartition& partition) const {
  return context_->queue(partition).source_topic();
}
std::vector<EdgeCount> StreamTask::edges() const { return context_->edges(); }
std::optional<Timestamp> StreamTask::next_wall_clock_punctuation() const {
  return context_->next_wall_clock_punctuation();
}
std::uint64_t StreamTask::records_processed() const { return context_->records_processed(); }

}  // namespace millstream
