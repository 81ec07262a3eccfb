#pragma once

#include <millstream/transport/broker.h>

#include "dice.h"
#include "faults.h"
#include "group.h"
#include "log.h"
#include "scheduler.h"

#include <array>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::simulation {

/// What the simulated brokers answer; named after Kafka's error codes.
enum class Code {
  kOk,
  kNotCoordinator,
  kConcurrentTransactions,
  kInvalidProducerEpoch,
  kIllegalGeneration,
  kUnknownMember,
  kUnknownTopic,
};

struct ProducerIdentity {
  std::string transactional_id;
  std::int64_t id = -1;
  std::int32_t epoch = -1;
};

/// The brokers' side: topics, transaction coordinator, group coordinator, and requests that arrive
/// late. As Kafka before KIP-890: a request is judged by producer id and epoch alone, so one of an
/// earlier transaction may end a later one. **Source**: TransactionCoordinator,
/// GroupMetadataManager.
class Cluster {
 public:
  Cluster(Scheduler& scheduler, Dice& dice, ArmedFaults& faults);

  // Topics.
  struct Topic {
    std::vector<PartitionLog> partitions;
    std::map<std::string, std::string> config;
  };
  void create_topic(const NewTopic& topic);
  [[nodiscard]] const std::map<std::string, Topic>& topics() const { return topics_; }
  [[nodiscard]] PartitionLog& log(const TopicPartition& partition);
  [[nodiscard]] bool has(const TopicPartition& partition) const;
  /// Write without a transaction, or as one that is aborted at once.
  void append(const TopicPartition& to, LogEntry entry);
  void append_aborted(const TopicPartition& to, LogEntry entry);

  // Transactions.
  Code init_producer(ProducerIdentity& producer, Duration timeout);
  Code produce(const ProducerIdentity& producer, const TopicPartition& to, LogEntry entry,
               Offset& offset);
  Code commit_offsets_in_transaction(const ProducerIdentity& producer, const std::string& group,
                                     const OffsetsByPartition& offsets, const Lease& lease);
  Code end_transaction(const ProducerIdentity& producer, bool commit);
  Code commit_offsets(const std::string& group, const OffsetsByPartition& offsets,
                      const Lease& lease);
  /// Whether offsets of these partitions are in an undecided transaction.
  [[nodiscard]] bool has_pending_offsets(const std::vector<TopicPartition>& partitions) const;

  struct Committed {
    CommittedOffset value;
    Timestamp at;
    CommittedOffset before;
  };
  [[nodiscard]] std::map<TopicPartition, Committed>& committed() { return committed_; }
  [[nodiscard]] Group& group() { return group_; }

  // Time and faults.
  /// Carry out what is due.
  void tick();
  /// When `tick` has something to do next.
  [[nodiscard]] Timestamp next_tick() const;
  /// A request that reaches the broker late.
  void deliver_late(Duration after, std::function<void()> request);
  /// One of them, or all.
  void lose_transaction_coordinator(Duration time);
  void lose_group_coordinator(Duration time);
  /// The markers of the next transaction take up to so long after its commit is decided.
  void slow_next_markers(Duration time) { next_markers_ = time; }
  /// Whether a transaction is decided, and some of its markers aren't written.
  [[nodiscard]] bool is_ending() const;
  /// Write all markers that are due some time.
  void write_markers();
  /// Abort an open transaction as if its time were over; false if none is open.
  bool time_out_a_transaction();
  void compact(Duration tombstone_retention,
               const std::function<Offset(const TopicPartition&)>& limit);
  /// Something was changed from outside.
  void touch() { changed(); }
  /// Forget group offsets older than `retention`; those that are forgotten.
  std::vector<TopicPartition> expire_offsets(Duration retention);
  /// Grows whenever something that a reader can see has changed.
  [[nodiscard]] std::uint64_t version() const { return version_; }
  [[nodiscard]] Timestamp now() const { return scheduler_->now(); }

  /// Told when a producer's transaction is decided to be committed, before its markers are written.
  std::function<void(std::int64_t producer)> on_commit_decided;

 private:
  struct Transaction {
    enum class State { kEmpty, kOpen, kEnding };
    std::int64_t id = -1;
    std::int32_t epoch = 0;
    State state = State::kEmpty;
    bool commit = false;
    /// The partitions whose markers aren't written yet, and the group's offsets as the last: a
    /// marker a broker, each in its own time. **Source**: WriteTxnMarkers.
    std::map<TopicPartition, Timestamp> markers;
    Timestamp offsets_at;
    Timestamp begun_at;
    Duration timeout{10'000};
    std::set<TopicPartition> partitions;
    OffsetsByPartition offsets;
    std::int32_t offsets_epoch = -1;
  };
  static constexpr std::size_t kCoordinators = 2;
  static std::size_t coordinator_of(const std::string& transactional_id);
  [[nodiscard]] bool is_away(const std::string& transactional_id) const {
    return now() < no_transactions_until_.at(coordinator_of(transactional_id));
  }
  /// The same for a request, which makes the outage a fault that was felt.
  bool refuses(const std::string& transactional_id);
  Code check_epoch(const ProducerIdentity& producer, Transaction*& transaction);
  void open(Transaction& transaction) const;
  void begin_ending(Transaction& transaction, bool commit);
  void write_markers(Transaction& transaction, Timestamp until);
  static Timestamp next_marker(const Transaction& transaction);
  Code check_lease(const Lease& lease);
  void changed();

  Scheduler* scheduler_;
  Dice* dice_;
  ArmedFaults* faults_;
  std::map<std::string, Topic> topics_;
  std::map<std::string, Transaction> transactions_;
  std::map<TopicPartition, Committed> committed_;
  Group group_;
  std::multimap<Timestamp, std::function<void()>> late_;
  std::array<Timestamp, kCoordinators> no_transactions_until_{};
  Timestamp no_groups_until_;
  bool no_transactions_felt_ = true;
  bool no_groups_felt_ = true;
  Duration next_markers_{0};
  std::int64_t next_producer_ = 1;
  std::uint64_t version_ = 0;
};

}  // namespace millstream::simulation
