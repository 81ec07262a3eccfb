#include "api_feed.h"

#include <algorithm>
#include <chrono>

#include "message_serdes.h"
#include "page_service.h"
#include "topics.h"

namespace anomaly {

using millstream::Duration;
using millstream::Isolation;
using millstream::Offset;
using millstream::PartitionId;
using millstream::Result;
using millstream::Status;
using millstream::TopicPartition;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kAtOnce = 5000;
constexpr std::size_t kScoresASecond = 25'000;
constexpr std::int64_t kScoresBack = 4000;
constexpr std::int64_t kOthersBack = 200;
/// Scores of a partition that may wait before they are passed over.
constexpr std::int64_t kMostBehind = 20'000;
constexpr Duration kPoll{100};

}  // namespace

FeedService::FeedService(LivePage& page, ServiceContext& context)
    : page_(page),
      results_(page.results()),
      context_(context),
      opened_(context.clock.now()),
      latency_(context.metrics.histogram(
          "anomaly_end_to_end_seconds",
          "Time from a metric's production until a reader has its committed score.",
          {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60})),
      unreadable_(context.metrics.counter("anomaly_page_unreadable_total",
                                          "Results that the page couldn't read.")),
      skipped_(context.metrics.counter("anomaly_page_skipped_total",
                                       "Scores that the page passed over to keep up.")),
      alerts_(context.metrics.counter("anomaly_alerts_total",
                                      "Alerts that came into their topic since the start.")) {}

Status FeedService::start() {
  auto consumer = context_.broker.make_consumer({.client_id = "anomaly-page"});
  if (!consumer) return consumer.error();
  consumer_ = std::move(*consumer);
  const Topics& topics = context_.options.topics;
  MILLSTREAM_TRY(assign(topics.scores, kScoresBack));
  MILLSTREAM_TRY(assign(topics.anomalies, kOthersBack));
  MILLSTREAM_TRY(assign(topics.alerts, kOthersBack));
  second_began_ = context_.clock.monotonic();
  page_.set_phase("running");
  return {};
}

Status FeedService::finish() {
  page_.set_phase("stopping");
  return {};
}

/// Read a topic from some records before its end.
Status FeedService::assign(const std::string& topic, std::int64_t records_back) {
  const auto count = partitions_of(context_.broker.admin(), topic);
  if (!count) return count.error();
  std::vector<TopicPartition> partitions;
  for (PartitionId p = 0; p < *count; ++p) partitions.push_back({topic, p});
  const auto begins = context_.broker.admin().beginning_offsets(partitions);
  if (!begins) return begins.error();
  const auto ends = context_.broker.admin().end_offsets(partitions, Isolation::kReadCommitted);
  if (!ends) return ends.error();
  std::vector<millstream::PartitionPosition> positions;
  for (const auto& [partition, begin] : *begins) {
    positions.push_back({partition, std::max(begin, ends->at(partition) + -records_back)});
  }
  if (topic == context_.options.topics.scores) scores_ = partitions;
  return consumer_->assign(positions);
}

Result<Service::Rest> FeedService::step() {
  const auto now = context_.clock.monotonic();
  if (now - second_began_ >= 1s) {
    second_began_ = now;
    taken_ = 0;
    MILLSTREAM_TRY(skip_ahead());
  }
  const bool had_enough = taken_ >= kScoresASecond;
  for (const TopicPartition& partition : scores_) {
    had_enough ? consumer_->pause(partition) : consumer_->resume(partition);
  }
  const auto batches = consumer_->poll(kAtOnce, kPoll);
  if (!batches) return batches.error();
  for (const auto& batch : *batches) take(*batch);
  return Rest(had_enough ? 50ms : 5ms);
}

Status FeedService::skip_ahead() {
  for (const TopicPartition& partition : scores_) {
    const Offset end = consumer_->known_end(partition);
    const Offset position = consumer_->position(partition);
    if (end == Offset::kNone || to_int(end) - to_int(position) <= kMostBehind) continue;
    const Offset target = end + -kMostBehind / 4;
    skipped_.add(static_cast<std::uint64_t>(to_int(target) - to_int(position)));
    MILLSTREAM_TRY(consumer_->seek({partition, target}));
  }
  return {};
}

void FeedService::take(const millstream::FetchedBatch& batch) {
  const Topics& topics = context_.options.topics;
  const std::string& topic = batch.partition().topic;
  if (topic == topics.scores) taken_ += batch.records().size();
  Alert alert;
  for (const auto& record : batch.records()) {
    const std::string_view bytes = record.value.value_or(std::string_view());
    if (topic != topics.alerts) {
      take_score(bytes, topic == topics.scores);
    } else if (MessageSerde<Alert>(context_.options.format).deserialize(bytes, alert)) {
      results_.add_alert(alert, context_.clock.now().ms());
      if (record.timestamp >= opened_ || alert.produced_at_ms >= opened_.ms()) alerts_.add();
    } else {
      unreadable_.add();
    }
  }
}

void FeedService::take_score(std::string_view bytes, bool is_score) {
  Score score;
  if (!MessageSerde<Score>(context_.options.format).deserialize(bytes, score)) {
    unreadable_.add();
    return;
  }
  const std::int64_t now = context_.clock.now().ms();
  if (!is_score) return results_.add_anomaly(score, now);
  results_.add_score(score, now);
  // What an earlier process produced would measure how long nobody ran.
  if (score.produced_at_ms >= opened_.ms()) {
    latency_.observe(static_cast<double>(now - score.produced_at_ms) / 1000);
  }
}

}  // namespace anomaly
