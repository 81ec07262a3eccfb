#pragma once

#include "topic_registry.h"

#include <millstream/core/result.h>
#include <millstream/core/time.h>
#include <millstream/rocks/database.h>
#include <millstream/transport/broker.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace millstream::embedded {

/// One member of a group, as the group sees it.
struct Member : std::enable_shared_from_this<Member> {
  /// Where it stands in the rebalance.
  enum class Phase {
    kWaiting,   ///< Owns nothing; the next generation will give it something.
    kOwning,    ///< Owns `partitions`.
    kRevoking,  ///< Has been told to give them back.
    kExpelled,  ///< Has been told that they are lost; owns nothing, and isn't counted.
  };

  std::string id;
  MembershipOptions options;
  Phase phase = Phase::kWaiting;
  std::vector<PartitionId> partitions;
  /// To be given to the member by its next poll.
  std::optional<MembershipEvent> pending;
  /// Given to the member, not yet acknowledged.
  std::optional<MembershipEvent::Kind> delivered;
  std::chrono::nanoseconds last_seen{0};
  /// Another member took its group.instance.id; it stays out.
  bool replaced = false;
  bool left = false;
};

/// A consumer group: committed offsets, and members of this process that share the partitions of a
/// coordination topic. A change of members revokes all, waits for all to acknowledge, and then
/// hands out ranges under a new generation. **Thread**: safe.
class Group {
 public:
  Group(std::string name, Database& database, const TopicRegistry& topics, const Clock& clock,
        std::uint64_t opens)
      : name_(std::move(name)),
        database_(database),
        topics_(topics),
        clock_(clock),
        opens_(opens) {}

  Result<std::shared_ptr<Member>> join(const MembershipOptions& options);
  void leave(Member& member);
  Result<std::vector<MembershipEvent>> poll(Member& member, Duration timeout);
  void acknowledge(Member& member);
  [[nodiscard]] Lease lease(const Member& member) const;

  /// Add offsets to `batch` and call `store` with it, if the lease is current; nobody joins, leaves
  /// or is assigned anything meanwhile.
  using Store = std::function<Status(DatabaseBatch& batch)>;
  ProducerStatus commit(const OffsetsByPartition& offsets, const Lease& lease, DatabaseBatch& batch,
                        const Store& store);
  /// **Errors**: kUser while the group has members.
  Status reset(const OffsetsByPartition& offsets);
  [[nodiscard]] Result<OffsetsByPartition> committed(
      std::span<const TopicPartition> partitions) const;

 private:
  using Lock = std::unique_lock<std::mutex>;

  // With the lock held.
  void add(const std::shared_ptr<Member>& member);
  void expel(Member& member);
  /// **Errors**: it has left, or was replaced.
  Status rejoin(Member& member);
  void expel_silent_members();
  void rebalance();
  void revoke(Member& member);
  void assign_if_all_wait();
  void assign(PartitionId partitions);
  [[nodiscard]] Lease lease_of(const Member& member) const;
  [[nodiscard]] bool is_current(const Lease& lease) const;
  Status put_offsets(const OffsetsByPartition& offsets, DatabaseBatch& batch) const;

  const std::string name_;
  Database& database_;
  const TopicRegistry& topics_;
  const Clock& clock_;
  const std::uint64_t opens_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  /// In the order in which they joined.
  std::vector<std::shared_ptr<Member>> members_;
  std::uint64_t next_member_ = 1;
  std::int32_t generation_ = 0;
  bool rebalancing_ = false;
};

/// The groups by name. **Thread**: safe. A group lives as long as the registry.
class GroupRegistry {
 public:
  GroupRegistry(Database& database, const TopicRegistry& topics, const Clock& clock,
                std::uint64_t opens)
      : database_(database), topics_(topics), clock_(clock), opens_(opens) {}
  Group& get(const std::string& name);

 private:
  Database& database_;
  const TopicRegistry& topics_;
  const Clock& clock_;
  const std::uint64_t opens_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Group>> groups_;
};

}  // namespace millstream::embedded
