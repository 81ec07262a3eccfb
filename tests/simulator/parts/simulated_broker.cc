#include "simulated_broker.h"

#include <utility>

namespace millstream::simulation {

namespace {
constexpr Duration kStablePatience{30'000};
}

Result<std::unique_ptr<Consumer>> SimulatedBroker::make_consumer(const ConsumerOptions& options) {
  return make_simulated_consumer(*client_, options.isolation);
}
Result<std::unique_ptr<Producer>> SimulatedBroker::make_producer(const ProducerOptions& options) {
  return make_simulated_producer(*client_, options);
}
Result<std::unique_ptr<Membership>> SimulatedBroker::join(const MembershipOptions& options) {
  return join_simulated_group(*client_, options);
}

Status SimulatedBroker::ask() {
  client_->travel();
  if (client_->faults.hit(Fault::kFailedAdmin)) return Error::machine("no answer (simulated)");
  return {};
}

Status SimulatedBroker::create_topics(std::span<const NewTopic> topics) {
  client_->travel();
  for (const NewTopic& topic : topics) client_->cluster.create_topic(topic);
  return {};
}

Status SimulatedBroker::delete_topics(std::span<const std::string>) {
  return Error::machine("the simulation deletes no topics");
}

Result<std::map<std::string, PartitionId>> SimulatedBroker::partition_counts(
    std::span<const std::string> topics) {
  std::map<std::string, PartitionId> counts;
  for (const std::string& name : topics) {
    const auto found = client_->cluster.topics().find(name);
    if (found == client_->cluster.topics().end()) continue;
    counts[name] = static_cast<PartitionId>(found->second.partitions.size());
  }
  return counts;
}

Result<std::vector<std::string>> SimulatedBroker::list_topics() {
  std::vector<std::string> names;
  for (const auto& [name, topic] : client_->cluster.topics()) names.push_back(name);
  return names;
}

Result<std::map<std::string, std::string>> SimulatedBroker::topic_config(const std::string& topic) {
  const auto found = client_->cluster.topics().find(topic);
  if (found == client_->cluster.topics().end()) return Error::machine("no topic " + topic);
  return found->second.config;
}

Result<std::map<TopicPartition, Offset>> SimulatedBroker::beginning_offsets(
    std::span<const TopicPartition> partitions) {
  MILLSTREAM_TRY(ask());
  std::map<TopicPartition, Offset> offsets;
  for (const TopicPartition& partition : partitions) offsets[partition] = Offset{0};
  return offsets;
}

Result<std::map<TopicPartition, Offset>> SimulatedBroker::end_offsets(
    std::span<const TopicPartition> partitions, Isolation isolation) {
  MILLSTREAM_TRY(ask());
  std::map<TopicPartition, Offset> offsets;
  for (const TopicPartition& partition : partitions) {
    const PartitionLog& log = client_->cluster.log(partition);
    offsets[partition] = isolation == Isolation::kReadCommitted ? log.last_stable() : log.end();
  }
  return offsets;
}

Result<std::map<TopicPartition, Offset>> SimulatedBroker::offsets_for_time(
    std::span<const TopicPartition>, Timestamp) {
  return Error::machine("the simulation has no index by time");
}

Result<OffsetsByPartition> SimulatedBroker::committed_offsets(
    const std::string&, std::span<const TopicPartition> partitions) {
  MILLSTREAM_TRY(ask());
  const std::vector<TopicPartition> wanted(partitions.begin(), partitions.end());
  const Timestamp deadline = client_->cluster.now() + kStablePatience;
  while (client_->cluster.has_pending_offsets(wanted)) {
    if (client_->cluster.now() > deadline) return Error::machine("offsets are undecided");
    client_->scheduler.wait_for_news(Duration(200));
  }
  OffsetsByPartition offsets;
  for (const TopicPartition& partition : wanted) {
    const auto found = client_->cluster.committed().find(partition);
    if (found != client_->cluster.committed().end()) offsets[partition] = found->second.value;
  }
  return offsets;
}

Status SimulatedBroker::reset_offsets(const std::string&, const OffsetsByPartition&) {
  return Error::machine("the simulation sets offsets itself");
}

Status SimulatedBroker::delete_records(std::span<const PartitionPosition>) { return {}; }

}  // namespace millstream::simulation
