#pragma once

#include <millstream/transport/broker.h>

#include "dice.h"
#include "scheduler.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace millstream::simulation {

/// The group coordinator with eager range assignment, as one member of the real thing sees it: it
/// is asked to let go, lets go, and is told what it has under the next generation. A member that is
/// silent for its session loses everything. **Source**: GroupCoordinator of Kafka.
class Group {
 public:
  struct Member {
    enum class Phase { kJoining, kRevoking, kOwning, kGone };
    std::string id;
    std::string instance_id;
    int process = 0;
    Duration session{};
    Phase phase = Phase::kJoining;
    std::vector<PartitionId> partitions;
    /// What it hasn't been told yet.
    std::optional<MembershipEvent> event;
    /// What it was told and hasn't acknowledged.
    std::optional<MembershipEvent::Kind> delivered;
    Timestamp silent_since = Timestamp::none();
    bool replaced = false;
  };

  Group(Scheduler& scheduler, Dice& dice) : scheduler_(&scheduler), dice_(&dice) {}

  void set_partitions(PartitionId count) { partitions_ = count; }
  std::shared_ptr<Member> join(const MembershipOptions& options, int process);
  void acknowledge(Member& member);
  void leave(Member& member);
  /// Ask everybody to let go and share out anew.
  void rebalance();
  /// The same for no reason, and with another result.
  void shuffle();

  [[nodiscard]] std::int32_t generation() const { return generation_; }
  [[nodiscard]] bool knows(const std::string& member_id) const;
  [[nodiscard]] Lease lease_of(const Member& member) const;
  [[nodiscard]] const std::vector<std::shared_ptr<Member>>& members() const { return members_; }
  /// Expel the silent; true if anything changed.
  bool tick();
  [[nodiscard]] Timestamp next_tick() const;

 private:
  void add(std::shared_ptr<Member> member);
  void expel(Member& member);
  void ask_back(Member& member);
  void assign_if_all_joined();
  void tell(Member& member, MembershipEvent::Kind kind);

  Scheduler* scheduler_;
  Dice* dice_;
  PartitionId partitions_ = 0;
  std::int32_t generation_ = 0;
  bool rebalancing_ = false;
  int next_member_ = 1;
  std::vector<std::shared_ptr<Member>> members_;
};

}  // namespace millstream::simulation
