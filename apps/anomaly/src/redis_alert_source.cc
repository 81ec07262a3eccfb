#include "redis_alert_source.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "json_format.h"

namespace anomaly {

using millstream::Duration;
using millstream::Offset;
using millstream::PartitionId;
using millstream::Result;
using millstream::Status;
using millstream::Timestamp;
using nlohmann::json;

namespace {

constexpr std::size_t kEntriesAtOnce = 500;

/// A point of the recent scores: {"timestamp":1,"value":2.5,...}; nothing for what is none.
std::optional<AlertPoint> point_of(const std::string& text) {
  const json entry = json::parse(text, nullptr, false);
  if (!entry.is_object()) return std::nullopt;
  const auto timestamp = entry.find("timestamp");
  const auto value = entry.find("value");
  if (timestamp == entry.end() || !timestamp->is_number_integer()) return std::nullopt;
  if (value == entry.end() || !value->is_number()) return std::nullopt;
  return AlertPoint{.time = Timestamp(timestamp->get<std::int64_t>()),
                    .value = value->get<double>()};
}

}  // namespace

RedisAlertSource::RedisAlertSource(Options options, const millstream::Clock& clock,
                                   millstream::Logger& logger)
    : options_(std::move(options)),
      clock_(clock),
      logger_(logger),
      redis_(options_.redis),
      reader_(redis_, options_.prefix, options_.topic),
      subscription_(options_.redis, options_.channel) {}

Result<std::vector<AlertArrival>> RedisAlertSource::poll(AlertPositions& positions,
                                                         Duration timeout) {
  std::vector<AlertArrival> arrivals;
  if (clock_.monotonic() < retry_at_) {
    std::this_thread::sleep_for(timeout);
    return arrivals;
  }
  Status done = listen(more_ ? Duration(0) : timeout);
  if (done && refill_at_ <= clock_.monotonic()) done = refill(positions, arrivals);
  if (!done) {
    failed(done.error());
  } else if (down_) {
    logger_.info("redis is back", {{"address", options_.redis.address()}});
    down_ = false;
  }
  return arrivals;
}

/// Wait for a message; one that came, and a connection that was made, ask for a refill.
Status RedisAlertSource::listen(Duration timeout) {
  const auto heard = subscription_.wait(timeout);
  if (!heard) return heard.error();
  if (*heard) refill_at_ = clock_.monotonic();
  return {};
}

Status RedisAlertSource::refill(AlertPositions& positions, std::vector<AlertArrival>& arrivals) {
  const auto partitions = reader_.partitions();
  if (!partitions) return partitions.error();
  more_ = false;
  for (const PartitionId partition : *partitions) {
    const millstream::TopicPartition name{options_.topic, partition};
    const auto count = read_partition(partition, positions.position(name.to_string()), arrivals);
    if (!count) return count.error();
    more_ = more_ || *count == kEntriesAtOnce;
  }
  if (!more_) refill_at_ = clock_.monotonic() + options_.refill_interval;
  return {};
}

Result<std::size_t> RedisAlertSource::read_partition(PartitionId partition, Offset from,
                                                     std::vector<AlertArrival>& arrivals) {
  const auto entries = reader_.read(partition, from, kEntriesAtOnce);
  if (!entries) return entries.error();
  const millstream::TopicPartition name{options_.topic, partition};
  for (const RedisStreamEntry& entry : *entries) {
    AlertArrival arrival{.alert = {}, .source = name.to_string(), .next = next(entry.offset)};
    if (const auto read = JsonFormat::read(entry.json, arrival.alert); read) {
      arrivals.push_back(std::move(arrival));
    } else {
      logger_.warning(
          "an alert can't be read and is passed over",
          {{"entry", name.to_string() + "@" + std::to_string(millstream::to_int(entry.offset))},
           {"error", std::string(read.error().message())}});
    }
  }
  return entries->size();
}

void RedisAlertSource::failed(const millstream::Error& error) {
  retry_at_ = clock_.monotonic() + options_.retry_interval;
  refill_at_ = retry_at_;
  if (down_) return;  // Said once; the end will be said, too.
  down_ = true;
  logger_.warning("redis can't be read; trying again every second",
                  {{"error", std::string(error.message())}});
}

std::vector<AlertPoint> RedisAlertSource::points_around(const Alert& alert) {
  const auto reply =
      redis_.command({"LRANGE", options_.prefix + "recent:" + alert.series, "0", "-1"});
  if (!reply) return {};
  const PlotSpan span(alert);
  std::vector<AlertPoint> points;
  for (const RedisReply& element : reply->elements) {
    const auto point = point_of(element.text);
    if (point && span.from <= point->time && point->time <= span.to) points.push_back(*point);
  }
  std::reverse(points.begin(), points.end());
  return points;
}

}  // namespace anomaly
