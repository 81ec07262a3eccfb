#include "redis_sink.h"

#include <millstream/core/log.h>

#include <algorithm>
#include <utility>

#include "sha256.h"

namespace anomaly {

using millstream::Duration;
using millstream::Error;
using millstream::FetchedBatch;
using millstream::FetchedRecord;
using millstream::Isolation;
using millstream::MetricLabels;
using millstream::Metrics;
using millstream::Offset;
using millstream::PartitionId;
using millstream::Result;
using millstream::Status;
using millstream::Timestamp;
using millstream::TopicPartition;

namespace {

/// What tells a record from another one at the same offset of a topic of the same name.
std::string fingerprint(const FetchedRecord& record) {
  constexpr std::size_t kDigits = 16;
  Sha256 digest;
  digest.add_number(millstream::to_int(record.offset));
  digest.add_number(record.timestamp.ms());
  digest.add_text(record.key.value_or(std::string_view()));
  digest.add_text(record.value.value_or(std::string_view()));
  return digest.hex().substr(0, kDigits);
}

}  // namespace

RedisSink::RedisSink(Options options, millstream::Broker& broker, Redis& redis, Decode decode,
                     millstream::Logger& logger, Metrics& metrics)
    : options_(std::move(options)),
      broker_(broker),
      decode_(std::move(decode)),
      logger_(logger),
      script_(redis, options_.keys),
      rows_(metrics.counter("redis_sink_rows_total", "Records brought to Redis.",
                            {{"topic", options_.keys.topic}})),
      unreadable_(metrics.counter("redis_sink_unreadable_total",
                                  "Records that the Redis sink could not read.",
                                  {{"topic", options_.keys.topic}})),
      failures_(metrics.counter("redis_sink_failures_total",
                                "Attempts of the Redis sink that failed.",
                                {{"topic", options_.keys.topic}})),
      rewinds_(metrics.counter("redis_sink_rewinds_total",
                               "Times that Redis had lost data and the sink went back.",
                               {{"topic", options_.keys.topic}})),
      lag_(metrics.gauge("redis_sink_lag_records", "Records that Redis doesn't have yet, at most.",
                         {{"topic", options_.keys.topic}})),
      up_(metrics.gauge("redis_up", "Whether the sink's last attempt succeeded.",
                        {{"topic", options_.keys.topic}})) {}

void RedisSink::step(Timestamp now) {
  if (now < retry_at_) return;
  const Status done = work(now);
  measure_lag();
  if (!done) return failed(done.error(), now);
  if (pause_ != Duration(0)) logger_.info("redis sink goes on", {{"topic", options_.keys.topic}});
  up_.set(1);
  pause_ = Duration(0);
  retry_at_ = Timestamp::min();
}

void RedisSink::failed(const Error& error, Timestamp now) {
  failures_.add();
  up_.set(0);
  pause_ = pause_ == Duration(0) ? options_.retry_first : std::min(pause_ * 2, options_.retry_last);
  retry_at_ = now + pause_;
  logger_.warning("redis sink waits", {{"topic", options_.keys.topic},
                                       {"reason", std::string(error.message())},
                                       {"next_attempt_in_ms", std::to_string(pause_.count())}});
}

Status RedisSink::work(Timestamp now) {
  if (!consumer_) MILLSTREAM_TRY(begin(now));
  if (look_for_partitions_at_ <= now) {
    look_for_partitions_at_ = now + options_.partitions_interval;
    MILLSTREAM_TRY(begin_new_partitions());
  }
  if (chunks_.empty()) MILLSTREAM_TRY(read());
  if (chunks_.empty() && check_at_ <= now) check_marks();
  if (!chunks_.empty()) check_at_ = now + options_.check_interval;
  while (!chunks_.empty()) {
    const Chunk chunk = std::move(chunks_.front());
    chunks_.pop_front();
    if (Status written = write(chunk); !written) {
      chunks_.push_front(chunk);  // Whether Redis has it is for its mark to say.
      return written;
    }
  }
  return {};
}

Status RedisSink::begin(Timestamp now) {
  auto consumer = broker_.make_consumer({.client_id = "redis-sink"});
  if (!consumer) return consumer.error();
  consumer_ = std::move(*consumer);
  chunks_.clear();
  marks_.clear();
  unproven_.clear();
  look_for_partitions_at_ = now + options_.partitions_interval;
  const Status begun = begin_new_partitions();
  if (!begun) consumer_.reset();
  return begun;
}

/// Begin with the partitions that aren't read yet: all of them at first.
Status RedisSink::begin_new_partitions() {
  const std::string& topic = options_.keys.topic;
  const auto counts = broker_.admin().partition_counts(std::span(&topic, 1));
  if (!counts) return counts.error();
  const auto count = counts->find(topic);
  if (count == counts->end()) return Error::machine("there is no topic " + topic);
  std::vector<TopicPartition> partitions;
  for (PartitionId p = 0; p < count->second; ++p) {
    if (!marks_.contains(p)) partitions.push_back(named(p));
  }
  if (partitions.empty()) return {};
  const auto first = broker_.admin().beginning_offsets(partitions);
  if (!first) return first.error();
  const auto end = broker_.admin().end_offsets(partitions, Isolation::kReadUncommitted);
  if (!end) return end.error();
  for (const TopicPartition& partition : partitions) {
    MILLSTREAM_TRY(begin_partition(partition, first->at(partition), end->at(partition)));
  }
  return {};
}

Status RedisSink::begin_partition(const TopicPartition& partition, Offset first, Offset end) {
  auto mark = script_.claim(partition.partition, first);
  if (mark && mark->next > end) {
    logger_.warning("redis is ahead of the topic, which lost records: writing it anew",
                    {{"partition", partition.to_string()}});
    mark = script_.claim(partition.partition, first, mark->last);
  }
  if (!mark) return mark.error();
  if (mark->next < first) {
    logger_.warning(
        "records were deleted before they came to redis",
        {{"partition", partition.to_string()},
         {"offsets", std::to_string(millstream::to_int(first) - millstream::to_int(mark->next))}});
  }
  Offset begin = std::max(mark->next, first);
  if (mark->next > first && !mark->last.empty()) {
    begin = Offset{millstream::to_int(mark->next) - 1};
    unproven_[partition.partition] = mark->last;
  }
  const millstream::PartitionPosition position{partition, begin};
  MILLSTREAM_TRY(consumer_->assign(std::span(&position, 1)));
  marks_[partition.partition] = mark->next;
  return {};
}

/// Whether a partition's first batch begins with the record that Redis had last.
bool RedisSink::is_expected(const FetchedBatch& batch) {
  const PartitionId partition = batch.partition().partition;
  const auto unproven = unproven_.find(partition);
  if (unproven == unproven_.end() || batch.records().empty()) return true;
  const FetchedRecord& record = batch.records().front();
  if (next(record.offset) != marks_.at(partition)) return false;
  if (fingerprint(record) != unproven->second) return false;
  unproven_.erase(unproven);
  return true;
}

Status RedisSink::begin_anew(PartitionId partition) {
  const TopicPartition topic_partition = named(partition);
  logger_.warning("the topic was made anew: writing it to redis from its beginning",
                  {{"partition", topic_partition.to_string()}});
  const auto first = broker_.admin().beginning_offsets(std::span(&topic_partition, 1));
  if (!first) return first.error();
  const Offset begin = first->at(topic_partition);
  const auto mark = script_.claim(partition, begin, unproven_.at(partition));
  if (!mark) return mark.error();
  unproven_.erase(partition);
  return go_on_at(partition, mark->next, std::max(mark->next, begin));
}

Status RedisSink::read() {
  const auto batches = consumer_->poll(options_.max_batch * 4, options_.poll_timeout);
  if (!batches) {
    consumer_.reset();  // It is done for; the next step makes another.
    return batches.error();
  }
  for (const auto& batch : *batches) {
    if (is_expected(*batch)) {
      cut(*batch);
    } else if (Status begun = begin_anew(batch->partition().partition); !begun) {
      consumer_.reset();  // The batch is lost: begin again.
      return begun;
    }
  }
  return {};
}

/// Write nothing at each mark: that finds out whether the mark is there.
void RedisSink::check_marks() {
  for (const auto& [partition, mark] : marks_) {
    chunks_.push_back({.partition = partition, .to = {.next = mark, .last = {}}, .rows = {}});
  }
}

void RedisSink::cut(const FetchedBatch& batch) {
  const PartitionId partition = batch.partition().partition;
  Chunk chunk{.partition = partition, .to = {}, .rows = {}};
  const FetchedRecord* last = nullptr;
  const auto finish = [&] {
    chunk.to = {.next = next(last->offset), .last = fingerprint(*last)};
    chunks_.push_back(std::exchange(chunk, {.partition = partition, .to = {}, .rows = {}}));
    last = nullptr;
  };
  for (const FetchedRecord& record : batch.records()) {
    add_row(batch, record, chunk.rows);
    last = &record;
    if (chunk.rows.size() >= options_.max_batch) finish();
  }
  if (last != nullptr) finish();
}

void RedisSink::add_row(const FetchedBatch& batch, const FetchedRecord& record,
                        std::vector<SinkRow>& rows) {
  auto row = decode_(record);
  if (!row) {
    unreadable_.add();
    logger_.warning("record not brought to redis",
                    {{"partition", batch.partition().to_string()},
                     {"offset", std::to_string(millstream::to_int(record.offset))},
                     {"reason", std::string(row.error().message())}});
  } else if (*row) {
    rows.push_back(std::move(**row));
    rows.back().offset = record.offset;
  }
}

Status RedisSink::write(const Chunk& chunk) {
  const Offset from = marks_.at(chunk.partition);
  const auto mark = script_.apply(chunk.partition, from, chunk.to, chunk.rows);
  if (!mark) return mark.error();
  if (!*mark) {  // Flushed, or an older copy took over.
    const TopicPartition partition = named(chunk.partition);
    const auto first = broker_.admin().beginning_offsets(std::span(&partition, 1));
    if (!first) return first.error();
    const auto claimed = script_.claim(chunk.partition, first->at(partition));
    if (!claimed) return claimed.error();
    rewinds_.add();
    logger_.warning("redis has lost data: reading again",
                    {{"partition", partition.to_string()},
                     {"from", std::to_string(millstream::to_int(claimed->next))}});
    return go_on_at(chunk.partition, claimed->next, std::max(claimed->next, first->at(partition)));
  }
  const auto fresh = std::count_if(chunk.rows.begin(), chunk.rows.end(),
                                   [&](const SinkRow& row) { return row.offset >= from; });
  rows_.add(static_cast<std::uint64_t>(fresh));
  marks_[chunk.partition] = **mark;
  // Another instance may be ahead: go on where it stands.
  return **mark > chunk.to.next ? go_on_at(chunk.partition, **mark, **mark) : Status();
}

Status RedisSink::go_on_at(PartitionId partition, Offset mark, Offset offset) {
  std::erase_if(chunks_, [&](const Chunk& chunk) { return chunk.partition == partition; });
  unproven_.erase(partition);
  marks_[partition] = mark;
  return consumer_->seek({named(partition), offset});
}

Result<bool> RedisSink::caught_up() {
  if (!consumer_ || !chunks_.empty() || !unproven_.empty() || pause_ != Duration(0)) return false;
  std::vector<TopicPartition> partitions;
  for (const auto& [partition, mark] : marks_) partitions.push_back(named(partition));
  const auto ends = broker_.admin().end_offsets(partitions, Isolation::kReadCommitted);
  if (!ends) return ends.error();
  return std::all_of(partitions.begin(), partitions.end(), [&](const TopicPartition& partition) {
    return consumer_->position(partition) >= ends->at(partition);
  });
}

void RedisSink::measure_lag() {
  if (!consumer_) return;
  double lag = 0;
  for (const auto& [partition, mark] : marks_) {
    const Offset end = consumer_->known_end(named(partition));
    if (end > mark) lag += static_cast<double>(millstream::to_int(end) - millstream::to_int(mark));
  }
  lag_.set(lag);
}

}  // namespace anomaly
