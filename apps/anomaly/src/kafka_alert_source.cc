#include "kafka_alert_source.h"

#include <millstream/core/murmur2.h>

#include <algorithm>

#include "topics.h"

namespace anomaly {

using millstream::Duration;
using millstream::FetchedRecord;
using millstream::Isolation;
using millstream::Offset;
using millstream::PartitionId;
using millstream::PartitionPosition;
using millstream::Result;
using millstream::Status;
using millstream::Timestamp;
using millstream::TopicPartition;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kAlertsAtOnce = 50;  // each reads its plot's points, and a stop waits for all
constexpr auto kLookForPartitionsEvery = 10s;
constexpr std::size_t kMostScores = 50'000;
constexpr auto kPointsPatience = 2s;
constexpr Duration kPoll{100};

/// Takes a series' points out of the scores of its partition.
class PointCollector {
 public:
  PointCollector(const Alert& alert, const MessageSerde<Score>& serde)
      : series_(alert.series), span_(alert), serde_(serde) {}

  [[nodiscard]] const PlotSpan& span() const { return span_; }
  [[nodiscard]] bool done() const { return done_ || seen_ >= kMostScores; }
  [[nodiscard]] std::vector<AlertPoint> points() && { return std::move(points_); }

  void take(const FetchedRecord& record) {
    ++seen_;
    if (record.key != series_ || !record.value) return;
    if (record.timestamp > span_.to) done_ = true;
    Score score;
    if (done_ || record.timestamp < span_.from || !serde_.deserialize(*record.value, score)) return;
    points_.push_back({.time = Timestamp(score.timestamp_ms), .value = score.value});
  }

 private:
  const std::string& series_;
  PlotSpan span_;
  const MessageSerde<Score>& serde_;
  std::vector<AlertPoint> points_;
  std::size_t seen_ = 0;
  bool done_ = false;
};

}  // namespace

KafkaAlertSource::KafkaAlertSource(ServiceContext& context)
    : context_(context), alerts_(context.options.format), scores_(context.options.format) {}

Result<std::vector<AlertArrival>> KafkaAlertSource::poll(AlertPositions& positions,
                                                         Duration timeout) {
  if (!consumer_) {
    auto consumer = context_.broker.make_consumer({.client_id = "anomaly-alert"});
    if (!consumer) return consumer.error();
    consumer_ = std::move(*consumer);
  }
  const auto now = context_.clock.monotonic();
  if (assigned_.empty() || look_at_ <= now) {
    look_at_ = now + kLookForPartitionsEvery;
    const Status assigned = assign_new(positions);
    if (!assigned && assigned_.empty()) return assigned.error();
  }
  const auto batches = consumer_->poll(kAlertsAtOnce, timeout);
  if (!batches) return batches.error();
  std::vector<AlertArrival> arrivals;
  for (const auto& batch : *batches) take(*batch, arrivals);
  return arrivals;
}

Status KafkaAlertSource::assign_new(AlertPositions& positions) {
  const std::string& topic = context_.options.topics.alerts;
  const auto count = partitions_of(context_.broker.admin(), topic);
  if (!count) return count.error();
  std::vector<TopicPartition> partitions;
  for (PartitionId p = 0; p < *count; ++p) {
    if (!assigned_.contains(p)) partitions.push_back({topic, p});
  }
  const auto begins = context_.broker.admin().beginning_offsets(partitions);
  if (!begins) return begins.error();
  const auto ends = context_.broker.admin().end_offsets(partitions, Isolation::kReadUncommitted);
  if (!ends) return ends.error();
  for (const TopicPartition& partition : partitions) {
    Offset from = std::max(begins->at(partition), positions.position(partition.to_string()));
    if (from > ends->at(partition)) {
      context_.logger.warning("the topic of alerts was made anew: reading it from its beginning",
                              {{"partition", partition.to_string()}});
      positions.forget(partition.to_string());
      from = begins->at(partition);
    }
    const PartitionPosition start{partition, from};
    MILLSTREAM_TRY(consumer_->assign(std::span(&start, 1)));
    assigned_.insert(partition.partition);
  }
  return {};
}

void KafkaAlertSource::take(const millstream::FetchedBatch& batch,
                            std::vector<AlertArrival>& arrivals) {
  for (const FetchedRecord& record : batch.records()) {
    AlertArrival arrival{
        .alert = {}, .source = batch.partition().to_string(), .next = next(record.offset)};
    const auto read = alerts_.deserialize(record.value.value_or(std::string_view()), arrival.alert);
    if (read) {
      arrivals.push_back(std::move(arrival));
      continue;
    }
    context_.logger.warning(
        "an alert can't be read and is passed over",
        {{"record", arrival.source + "@" + std::to_string(millstream::to_int(record.offset))},
         {"error", std::string(read.error().message())}});
  }
}

std::vector<AlertPoint> KafkaAlertSource::points_around(const Alert& alert) {
  auto points = read_points(alert);
  if (points) return std::move(*points);
  points_consumer_.reset();
  context_.logger.warning(
      "the scores around an alert can't be read: its mail has no plot",
      {{"series", alert.series}, {"error", std::string(points.error().message())}});
  return {};
}

Result<std::vector<AlertPoint>> KafkaAlertSource::read_points(const Alert& alert) {
  auto& admin = context_.broker.admin();
  const std::string& topic = context_.options.topics.scores;
  const auto count = partitions_of(admin, topic);
  if (!count) return count.error();
  const TopicPartition partition{topic, millstream::partition_for_key(alert.series, *count)};
  PointCollector collector(alert, scores_);
  const auto from = admin.offsets_for_time(std::span(&partition, 1), collector.span().from);
  if (!from) return from.error();
  const auto end = admin.end_offsets(std::span(&partition, 1), Isolation::kReadCommitted);
  if (!end) return end.error();
  if (!points_consumer_) {
    auto consumer = context_.broker.make_consumer({.client_id = "anomaly-alert-plots"});
    if (!consumer) return consumer.error();
    points_consumer_ = std::move(*consumer);
  }
  const PartitionPosition start{partition, from->at(partition)};
  MILLSTREAM_TRY(points_consumer_->assign(std::span(&start, 1)));
  const auto deadline = context_.clock.monotonic() + kPointsPatience;
  while (!collector.done() && points_consumer_->position(partition) < end->at(partition) &&
         context_.clock.monotonic() < deadline) {
    const auto batches = points_consumer_->poll(kMostScores, kPoll);
    if (!batches) return batches.error();
    for (const auto& batch : *batches) {
      for (const FetchedRecord& record : batch->records()) collector.take(record);
    }
  }
  points_consumer_->unassign(std::span(&partition, 1));
  return std::move(collector).points();
}

}  // namespace anomaly
