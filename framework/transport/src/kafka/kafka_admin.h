#pragma once

#include <millstream/transport/broker.h>

#include <functional>
#include <memory>
#include <mutex>

#include "client.h"
#include "settings.h"

namespace millstream::kafka {

/// Topics and offsets of a cluster, by two clients in no group: one that reads uncommitted (and
/// does all else), and, once asked for, one that reads committed; and a third for groups whose
/// coordinator has moved. **Thread**: any.
class KafkaAdmin final : public Admin, private ClientListener {
 public:
  static Result<std::unique_ptr<Admin>> open(const Settings& settings, Cluster& cluster);
  /// For `open`.
  KafkaAdmin(const Settings& settings, Cluster& cluster)
      : ClientListener(cluster), settings_(settings) {}

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
  /// Sends a request with these options, to be answered on that queue.
  using Send = std::function<void(rd_kafka_t*, rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)>;
  using SharedClient = std::shared_ptr<rd_kafka_t>;

  /// An event has to go before its client.
  struct Answer {
    SharedClient client;
    EventPtr event;
  };

  /// The one group's part of an answer.
  using GroupOf = const rd_kafka_group_result_t& (*)(const EventPtr&);

  Result<ClientPtr> make_reader(Isolation isolation);
  Result<rd_kafka_t*> reader(Isolation isolation);
  Result<EventPtr> request(std::string_view what, rd_kafka_admin_op_t operation, const Send& send);
  Result<std::map<std::string, PartitionId>> all_topics();
  Result<std::map<TopicPartition, Offset>> look_up(std::string_view what, Isolation isolation,
                                                   std::span<const TopicPartition> partitions,
                                                   std::int64_t time);
  /// Nothing: no answer in time.
  EventPtr send(rd_kafka_t* client, rd_kafka_admin_op_t operation, const Send& send);
  SharedClient group_client();
  void forget_coordinator(const SharedClient& client);
  Result<Answer> ask_group(const std::string& what, rd_kafka_admin_op_t operation, const Send& send,
                           GroupOf group_of);

  const Settings& settings_;
  SharedClient client_;
  std::mutex mutex_;
  ClientPtr committed_reader_;  // under mutex_ until made
  SharedClient group_client_;   // under mutex_
};

}  // namespace millstream::kafka
