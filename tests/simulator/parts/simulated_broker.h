#pragma once

#include <millstream/transport/broker.h>

#include "cluster.h"
#include "dice.h"
#include "faults.h"
#include "scheduler.h"

#include <memory>

namespace millstream::simulation {

/// What a simulated process and its clients share.
struct Client {
  Scheduler& scheduler;
  Cluster& cluster;
  Dice& dice;
  ArmedFaults& faults;
  int process = 0;
  /// Producers go on after a request that may still be under way: a mistake to be found.
  bool without_guard = false;
  /// The process was killed: nothing of it reaches the brokers any more.
  bool dead = false;

  /// The way to the broker or back.
  void travel() { scheduler.sleep(Duration(dice.between(0, 3))); }
};

/// The Broker of one simulated process. **Thread**: the simulation's one; its calls give way.
class SimulatedBroker final : public Broker, public Admin {
 public:
  explicit SimulatedBroker(Client& client) : client_(&client) {}

  Result<std::unique_ptr<Consumer>> make_consumer(const ConsumerOptions& options) override;
  Result<std::unique_ptr<Producer>> make_producer(const ProducerOptions& options) override;
  Result<std::unique_ptr<Membership>> join(const MembershipOptions& options) override;
  Admin& admin() override { return *this; }
  Status sync() override { return {}; }

  Status create_topics(std::span<const NewTopic> topics) override;
  Status delete_topics(std::span<const std::string> topics) override;
  Result<std::map<std::string, PartitionId>> partition_counts(
      std::span<const std::string> topics) override;
  Result<std::vector<std::string>> list_topics() override;
  Result<std::map<std::string, std::string>> topic_config(const std::string& topic) override;
  Result<std::map<TopicPartition, Offset>> beginning_offsets(
      std::span<const TopicPartition> partitions) override;
  Result<std::map<TopicPartition, Offset>> end_offsets(std::span<const TopicPartition> partitions,
                                                       Isolation isolation) override;
  Result<std::map<TopicPartition, Offset>> offsets_for_time(
      std::span<const TopicPartition> partitions, Timestamp time) override;
  Result<OffsetsByPartition> committed_offsets(const std::string& group,
                                               std::span<const TopicPartition> partitions) override;
  Status reset_offsets(const std::string& group, const OffsetsByPartition& offsets) override;
  Status delete_records(std::span<const PartitionPosition> before) override;

 private:
  Status ask();
  Client* client_;
};

std::unique_ptr<Consumer> make_simulated_consumer(Client& client, Isolation isolation);
std::unique_ptr<Producer> make_simulated_producer(Client& client, const ProducerOptions& options);
std::unique_ptr<Membership> join_simulated_group(Client& client, const MembershipOptions& options);

}  // namespace millstream::simulation
