#include "state_digest.h"

#include <algorithm>
#include <map>
#include <vector>

#include "message_serdes.h"
#include "messages.h"
#include "sha256.h"

namespace anomaly {

using millstream::Broker;
using millstream::Duration;
using millstream::FetchedBatch;
using millstream::Isolation;
using millstream::PartitionPosition;
using millstream::Result;
using millstream::Status;
using millstream::TopicPartition;

namespace {

constexpr std::size_t kAtOnce = 10'000;

using Rows = std::map<TopicPartition, std::map<std::string, std::string>>;

Result<std::vector<TopicPartition>> changelogs(Broker& broker, std::string_view application_id) {
  auto names = broker.admin().list_topics();
  if (!names) return names.error();
  const std::string prefix = std::string(application_id) + "-";
  std::erase_if(*names, [&](const std::string& name) {
    return !name.starts_with(prefix) || !name.ends_with("-changelog");
  });
  const auto counts = broker.admin().partition_counts(*names);
  if (!counts) return counts.error();
  std::vector<TopicPartition> partitions;
  for (const auto& [name, count] : *counts) {
    for (millstream::PartitionId p = 0; p < count; ++p) partitions.push_back({name, p});
  }
  return partitions;
}

/// An incident without the moment at which its last record was produced: that is wall-clock time,
/// and differs from run to run.
std::string without_wall_clock(std::string_view incident) {
  const MessageSerde<Alert> serde;
  Alert alert;
  std::string bytes;
  if (!serde.deserialize(incident, alert)) return std::string(incident);
  alert.produced_at_ms = 0;
  return serde.serialize(alert, bytes) ? bytes : std::string(incident);
}

void fold(const FetchedBatch& batch, Rows& rows) {
  auto& keys = rows[batch.partition()];
  const bool incidents = batch.partition().topic.ends_with("-incidents-changelog");
  for (const auto& record : batch.records()) {
    if (!record.key) continue;
    if (record.value) {
      keys.insert_or_assign(std::string(*record.key), incidents ? without_wall_clock(*record.value)
                                                                : std::string(*record.value));
    } else {
      keys.erase(std::string(*record.key));
    }
  }
}

Status read_all(Broker& broker, const std::vector<TopicPartition>& partitions, Rows& rows) {
  const auto begins = broker.admin().beginning_offsets(partitions);
  if (!begins) return begins.error();
  const auto ends = broker.admin().end_offsets(partitions, Isolation::kReadCommitted);
  if (!ends) return ends.error();
  const auto consumer = broker.make_consumer({.client_id = "state-digest"});
  if (!consumer) return consumer.error();
  std::vector<PartitionPosition> start;
  for (const auto& [partition, offset] : *begins) start.push_back({partition, offset});
  MILLSTREAM_TRY((*consumer)->assign(start));
  const auto behind = [&](const auto& end) {
    return (*consumer)->position(end.first) < end.second;
  };
  while (std::any_of(ends->begin(), ends->end(), behind)) {
    const auto batches = (*consumer)->poll(kAtOnce, Duration(100));
    if (!batches) return batches.error();
    for (const auto& batch : *batches) fold(*batch, rows);
  }
  return {};
}

}  // namespace

Result<std::string> state_digest(Broker& broker, std::string_view application_id) {
  const auto partitions = changelogs(broker, application_id);
  if (!partitions) return partitions.error();
  Rows rows;
  MILLSTREAM_TRY(read_all(broker, *partitions, rows));
  Sha256 digest;
  for (const auto& [partition, keys] : rows) {
    if (keys.empty()) continue;
    digest.add_text(partition.to_string());
    for (const auto& [key, value] : keys) {
      digest.add_text(key);
      digest.add_text(value);
    }
  }
  return digest.hex();
}

}  // namespace anomaly
