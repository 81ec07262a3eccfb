#pragma once

#include <millstream/transport/broker.h>

#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "client.h"
#include "settings.h"

namespace millstream::kafka {

/// A member of a consumer group that subscribes to the coordination topic only, and reads nothing
/// of it.
///
/// An event holds the group's rebalance until it's acknowledged: only then does librdkafka hear
/// that partitions were taken or given up. With the eager protocol (`range`, the default)
/// everything is revoked before each assignment; with `cooperative-sticky` only what moves. In
/// both, kAssigned names all partitions that are ours under its lease, so that kept tasks learn
/// their new lease.
class KafkaMembership final : public Membership, private ClientListener {
 public:
  static Result<std::unique_ptr<Membership>> open(const Settings& settings, Cluster& cluster,
                                                  const MembershipOptions& options);
  /// For `open`.
  KafkaMembership(Cluster& cluster, MembershipOptions options)
      : ClientListener(cluster), options_(std::move(options)) {}
  ~KafkaMembership() override;

  Result<std::vector<MembershipEvent>> poll(Duration timeout) override;
  void acknowledge() override;
  [[nodiscard]] Lease lease() const override;
  ProducerStatus commit_offsets(const OffsetsByPartition& offsets, const Lease& lease) override;
  void leave() override;

 private:
  /// What librdkafka asked for, and the event that it became.
  struct Rebalance {
    rd_kafka_resp_err_t kind;
    std::vector<PartitionId>
        partitions;  ///< As librdkafka named them: the difference if cooperative.
    MembershipEvent event;
  };

  Status start(const Settings& settings);
  Status subscribe();
  void on_rebalance(rd_kafka_t& client, rd_kafka_resp_err_t kind,
                    const rd_kafka_topic_partition_list_t& partitions) noexcept override;
  [[nodiscard]] Rebalance rebalance_of(rd_kafka_t& client, rd_kafka_resp_err_t kind,
                                       const rd_kafka_topic_partition_list_t& partitions);
  void answer(const Rebalance& rebalance);
  void set_lease(Lease lease);
  bool cooperative();
  [[nodiscard]] PartitionListPtr own_list(const std::vector<PartitionId>& partitions) const;
  [[nodiscard]] bool is_current(const Lease& lease) const;

  MembershipOptions options_;
  mutable std::mutex mutex_;
  Lease lease_;                          // under mutex_
  std::vector<PartitionId> owned_;       // acknowledged, as of the last event
  std::deque<Rebalance> waiting_;        // from the callback, not yet handed out
  std::optional<Rebalance> handed_out_;  // not yet acknowledged
  bool leaving_ = false;
  bool cooperative_ = false;  ///< As librdkafka said last.
  ClientPtr client_;
};

}  // namespace millstream::kafka
