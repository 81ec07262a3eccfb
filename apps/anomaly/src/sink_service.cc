#include "sink_service.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "json_format.h"
#include "message_serdes.h"

namespace anomaly {

using millstream::FetchedRecord;
using millstream::Offset;
using millstream::Result;
using millstream::Timestamp;
using namespace std::chrono_literals;

namespace {

using Row = Result<std::optional<SinkRow>>;

Row score_row(Format format, const FetchedRecord& record) {
  Score score;
  MILLSTREAM_TRY(
      MessageSerde<Score>(format).deserialize(record.value.value_or(std::string_view()), score));
  SinkRow row{.offset = Offset::kNone,
              .series = score.series,
              .timestamp = Timestamp(score.timestamp_ms),
              .value = score.value,
              .score = score.score,
              .anomaly = score.anomaly,
              .json = {}};
  JsonFormat::write(score, row.json);
  return std::optional(std::move(row));
}

Row alert_row(Format format, const FetchedRecord& record) {
  Alert alert;
  MILLSTREAM_TRY(
      MessageSerde<Alert>(format).deserialize(record.value.value_or(std::string_view()), alert));
  SinkRow row{.offset = Offset::kNone,
              .series = alert.series,
              .timestamp = Timestamp(alert.end_ms),
              .value = alert.peak_value,
              .score = alert.peak_score,
              .anomaly = true,
              .json = {}};
  JsonFormat::write(alert, row.json);
  return std::optional(std::move(row));
}

RedisSink::Options scores_options(const ServiceContext& context) {
  return {.keys = {.topic = context.options.topics.scores,
                   .lineage = context.config.get("application.id")}};
}

RedisSink::Options alerts_options(const ServiceContext& context) {
  return {.keys = {.topic = context.options.topics.alerts,
                   .lineage = context.config.get("application.id"),
                   .keep_series = false,
                   .keep_stream = true,
                   .channel = "anomaly:alerts"}};
}

}  // namespace

SinkService::SinkService(const RedisOptions& redis, ServiceContext& context)
    : redis_(redis),
      scores_(
          scores_options(context), context.broker, redis_,
          [format = context.options.format](const auto& r) { return score_row(format, r); },
          context.logger, context.metrics),
      alerts_(
          alerts_options(context), context.broker, redis_,
          [format = context.options.format](const auto& r) { return alert_row(format, r); },
          context.logger, context.metrics),
      context_(context) {}

Result<Service::Rest> SinkService::step() {
  const Timestamp now = context_.clock.now();
  scores_.step(now);
  alerts_.step(now);
  const bool failing = std::min(scores_.retry_at(), alerts_.retry_at()) > now;
  return Rest(failing ? 50ms : 0ms);
}

}  // namespace anomaly
