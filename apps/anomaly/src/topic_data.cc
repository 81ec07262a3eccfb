#include "topic_data.h"

#include <millstream/transport/open_broker.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "data_labels.h"
#include "topics.h"

namespace anomaly {

using millstream::Broker;
using millstream::Duration;
using millstream::Error;
using millstream::Isolation;
using millstream::Offset;
using millstream::PartitionId;
using millstream::Result;
using millstream::Status;
using millstream::TopicPartition;
using millstream::forest::Point;

namespace {

constexpr std::size_t kRecordsAtOnce = 10'000;
constexpr Duration kPoll{200};

/// Reads a topic's partitions up to their ends as they were at first.
class TopicReader {
 public:
  TopicReader(Broker& broker, const TopicData& data)
      : broker_(broker), topic_(data.topic), serde_(data.format) {}

  Status open();
  Status read_all();
  [[nodiscard]] DataSet data_set() &&;

 private:
  [[nodiscard]] bool at_end() const;
  void take(const millstream::FetchedRecord& record);

  Broker& broker_;
  std::string topic_;
  MessageSerde<Metric> serde_;
  std::unique_ptr<millstream::Consumer> consumer_;
  std::map<TopicPartition, Offset> ends_;
  std::map<std::string, std::vector<Point>, std::less<>> series_;
  std::uint64_t unreadable_ = 0;
};

Status TopicReader::open() {
  const auto count = partitions_of(broker_.admin(), topic_);
  if (!count) return count.error();
  std::vector<TopicPartition> partitions;
  for (PartitionId p = 0; p < *count; ++p) partitions.push_back({topic_, p});
  auto ends = broker_.admin().end_offsets(partitions, Isolation::kReadCommitted);
  if (!ends) return ends.error();
  ends_ = std::move(*ends);
  const auto begins = broker_.admin().beginning_offsets(partitions);
  if (!begins) return begins.error();
  auto consumer = broker_.make_consumer({.client_id = "anomaly-train"});
  if (!consumer) return consumer.error();
  consumer_ = std::move(*consumer);
  std::vector<millstream::PartitionPosition> positions;
  for (const auto& [partition, offset] : *begins) positions.push_back({partition, offset});
  return consumer_->assign(positions);
}

bool TopicReader::at_end() const {
  return std::all_of(ends_.begin(), ends_.end(),
                     [&](const auto& end) { return consumer_->position(end.first) >= end.second; });
}

Status TopicReader::read_all() {
  while (!at_end()) {
    const auto batches = consumer_->poll(kRecordsAtOnce, kPoll);
    if (!batches) return batches.error();
    for (const auto& batch : *batches) {
      for (const auto& record : batch->records()) {
        if (record.offset < ends_.at(batch->partition())) take(record);
      }
    }
  }
  return {};
}

void TopicReader::take(const millstream::FetchedRecord& record) {
  Metric metric;
  if (!record.value || !serde_.deserialize(*record.value, metric)) {
    ++unreadable_;
    return;
  }
  series_[metric.series].push_back({.timestamp_ms = metric.timestamp_ms, .value = metric.value});
}

DataSet TopicReader::data_set() && {
  DataSet data{.path = "topic " + topic_, .series = {}, .warnings = {}};
  for (auto& [name, points] : series_) {
    data.series.push_back({.name = name,
                           .file = topic_,
                           .points = std::move(points),
                           .bad_lines = {},
                           .windows = {}});
  }
  if (unreadable_ > 0) {
    data.warnings.push_back(
        fmt::format("topic {}: {} records are no metrics and were left out", topic_, unreadable_));
  }
  return data;
}

}  // namespace

Result<DataSet> read_topic_data(const TopicData& data, const millstream::Config& config,
                                const millstream::Clock& clock, millstream::Logger& logger) {
  const auto broker = millstream::open_broker(config, clock, logger);
  if (!broker) return broker.error();
  TopicReader reader(**broker, data);
  MILLSTREAM_TRY(reader.open());
  MILLSTREAM_TRY(reader.read_all());
  DataSet set = std::move(reader).data_set();
  if (set.points() == 0) return Error::data("topic " + data.topic + " holds no metric");
  if (!data.labels.empty()) MILLSTREAM_TRY(read_labels(data.labels, set));
  return set;
}

}  // namespace anomaly
