#include "replayer.h"

#include <millstream/core/murmur2.h>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "topics.h"

namespace anomaly {

using millstream::Error;
using millstream::Headers;
using millstream::Isolation;
using millstream::PartitionId;
using millstream::Result;
using millstream::Status;
using millstream::Timestamp;
using millstream::TopicPartition;
using std::chrono::nanoseconds;

namespace {

/// The ends of a topic's partitions.
Result<std::vector<std::int64_t>> ends_of(millstream::Admin& admin, const std::string& topic) {
  const auto count = partitions_of(admin, topic);
  if (!count) return count.error();
  std::vector<TopicPartition> partitions;
  for (PartitionId p = 0; p < *count; ++p) partitions.push_back({topic, p});
  const auto offsets = admin.end_offsets(partitions, Isolation::kReadUncommitted);
  if (!offsets) return offsets.error();
  std::vector<std::int64_t> ends(static_cast<std::size_t>(*count), 0);
  for (const auto& [partition, offset] : *offsets) {
    ends[static_cast<std::size_t>(partition.partition)] = to_int(offset);
  }
  return ends;
}

}  // namespace

Replayer::Replayer(const DataSet& data, millstream::Broker& broker, const millstream::Clock& clock,
                   ReplayOptions options)
    : data_(data),
      broker_(broker),
      clock_(clock),
      options_(std::move(options)),
      serde_(options_.format),
      records_(data, options_.records) {}

Status Replayer::open() {
  auto ends = ends_of(broker_.admin(), options_.topic);
  if (!ends) return ends.error();
  auto producer = broker_.make_producer({.client_id = "anomaly-produce"});
  if (!producer) return producer.error();
  producer_ = std::move(*producer);
  expect(std::move(*ends));
  next_ = take_next();
  began_ = clock_.monotonic();
  if (next_) began_event_time_ = next_->timestamp_ms;
  return {};
}

void Replayer::expect(std::vector<std::int64_t> ends) {
  found_ = static_cast<std::uint64_t>(std::accumulate(ends.begin(), ends.end(), std::int64_t{0}));
  for (const DataSeries& series : data_.series) {
    partition_of_[&series] =
        millstream::partition_for_key(series.name, static_cast<PartitionId>(ends.size()));
  }
  found_left_ = std::move(ends);
}

// What a partition holds are the first records of its share, so that each partition is passed over
// on its own: a kill may have left them at different places.
std::optional<MergedRecord> Replayer::take_next() {
  while (auto record = records_.next()) {
    std::int64_t& left = found_left_[static_cast<std::size_t>(partition_of_.at(record->series))];
    if (left == 0) return record;
    --left;
  }
  return std::nullopt;
}

nanoseconds Replayer::due_in(const MergedRecord& record) const {
  double seconds = 0;
  if (options_.rate > 0) seconds = static_cast<double>(sent_) / options_.rate;
  if (options_.speed > 0) {
    const auto passed_ms = static_cast<double>(record.timestamp_ms - began_event_time_);
    seconds = std::max(seconds, passed_ms / 1000 / options_.speed);
  }
  const auto due =
      began_ + std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(seconds));
  return std::max(nanoseconds(0), due - clock_.monotonic());
}

Result<std::optional<nanoseconds>> Replayer::step(std::size_t limit) {
  for (std::size_t n = 0; n < limit; ++n) {
    if (!next_) return finish();
    if (const auto wait = due_in(*next_); wait > nanoseconds(0)) return std::optional(wait);
    MILLSTREAM_TRY(send(*next_));
    ++sent_;
    next_ = take_next();
  }
  return std::optional(nanoseconds(0));
}

Result<std::optional<nanoseconds>> Replayer::finish() {
  if (std::any_of(found_left_.begin(), found_left_.end(), [](auto left) { return left != 0; })) {
    return Error::user(fmt::format(
        "topic \"{}\" holds more records than {} has: it was filled from other data; take another "
        "topic or start over",
        options_.topic, data_.path.string()));
  }
  if (!flushed_) MILLSTREAM_TRY(flush());
  flushed_ = true;
  return std::optional<nanoseconds>();
}

Status Replayer::flush() {
  const auto status = producer_->flush();
  return status ? Status() : Status(status.error);
}

std::optional<Timestamp> Replayer::event_time() const {
  if (!next_) return std::nullopt;
  return Timestamp(next_->timestamp_ms);
}

Status Replayer::send(const MergedRecord& record) {
  bytes_.clear();
  if (record.bad_line != nullptr) {
    bytes_ = record.bad_line->text;
    Headers headers;
    headers.add("anomaly.source", fmt::format("{}:{}: {}", record.series->file.string(),
                                              record.bad_line->line, record.bad_line->what));
    return send_bytes(record, &headers);
  }
  metric_.series = record.series->name;
  metric_.timestamp_ms = record.timestamp_ms;
  metric_.value = record.point->value;
  metric_.produced_at_ms = clock_.now().ms();
  MILLSTREAM_TRY(serde_.serialize(metric_, bytes_));
  return send_bytes(record, nullptr);
}

Status Replayer::send_bytes(const MergedRecord& record, const Headers* headers) {
  const auto status = producer_->produce({.topic = options_.topic,
                                          .partition = partition_of_.at(record.series),
                                          .key = record.series->name,
                                          .value = bytes_,
                                          .timestamp = Timestamp(record.timestamp_ms),
                                          .headers = headers});
  return status ? Status() : Status(status.error);
}

}  // namespace anomaly
