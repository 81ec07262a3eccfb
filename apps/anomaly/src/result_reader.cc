#include "result_reader.h"

#include <array>

namespace anomaly {

using millstream::Broker;
using millstream::Clock;
using millstream::Duration;
using millstream::Isolation;
using millstream::PartitionId;
using millstream::Result;
using millstream::Status;

namespace {

constexpr std::size_t kRecordsAtOnce = 10'000;

}  // namespace

ResultReader::ResultReader(Broker& broker, Topics topics, Format format, const Clock& clock)
    : broker_(&broker),
      topics_(std::move(topics)),
      format_(format),
      clock_(&clock),
      opened_(clock.now()) {}

Result<ResultReader> ResultReader::open(Broker& broker, const Topics& topics, Format format,
                                        const Clock& clock) {
  ResultReader reader(broker, topics, format, clock);
  auto consumer = broker.make_consumer({.client_id = "anomaly-results"});
  if (!consumer) return consumer.error();
  reader.consumer_ = std::move(*consumer);
  MILLSTREAM_TRY(reader.assign());
  return reader;
}

Status ResultReader::assign() {
  for (const auto* topic :
       {&topics_.scores, &topics_.anomalies, &topics_.alerts, &topics_.dead_letters}) {
    const auto count = partitions_of(broker_->admin(), *topic);
    if (!count) return count.error();
    for (PartitionId p = 0; p < *count; ++p) partitions_.push_back({*topic, p});
  }
  const auto begins = broker_->admin().beginning_offsets(partitions_);
  if (!begins) return begins.error();
  std::vector<millstream::PartitionPosition> positions;
  for (const auto& [partition, offset] : *begins) positions.push_back({partition, offset});
  return consumer_->assign(positions);
}

Status ResultReader::poll(Duration timeout) {
  auto batches = consumer_->poll(kRecordsAtOnce, timeout);
  if (!batches) return batches.error();
  for (const auto& batch : *batches) {
    for (const auto& record : batch->records()) {
      if (const auto status = take(batch->partition().topic, record); !status) {
        return status.error().within(batch->partition().to_string() + ", offset " +
                                     std::to_string(to_int(record.offset)));
      }
    }
  }
  return {};
}

Status ResultReader::take(const std::string& topic, const millstream::FetchedRecord& record) {
  if (topic == topics_.dead_letters) {
    ++results_.dead_letters;
    return {};
  }
  const std::string_view bytes = record.value.value_or(std::string_view());
  if (topic == topics_.scores) return take_score(bytes);
  if (topic == topics_.anomalies) {
    return MessageSerde<Score>(format_).deserialize(bytes, results_.anomalies.emplace_back());
  }
  return MessageSerde<Alert>(format_).deserialize(bytes, results_.alerts.emplace_back());
}

Status ResultReader::take_score(std::string_view bytes) {
  MILLSTREAM_TRY(MessageSerde<Score>(format_).deserialize(bytes, score_));
  results_.add(score_);
  // What an earlier process produced would measure how long nobody ran.
  if (score_.produced_at_ms >= opened_.ms()) {
    latencies_.add(clock_->now().ms() - score_.produced_at_ms);
  }
  return {};
}

Result<bool> ResultReader::is_at_end() {
  const auto ends = broker_->admin().end_offsets(partitions_, Isolation::kReadCommitted);
  if (!ends) return ends.error();
  for (const auto& [partition, end] : *ends) {
    if (consumer_->position(partition) < end) return false;
  }
  return true;
}

}  // namespace anomaly
