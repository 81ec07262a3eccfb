#include "group.h"

#include <algorithm>
#include <utility>

namespace millstream::simulation {

using Kind = MembershipEvent::Kind;
using Phase = Group::Member::Phase;

std::shared_ptr<Group::Member> Group::join(const MembershipOptions& options, int process) {
  auto member = std::make_shared<Member>();
  member->instance_id = options.instance_id;
  member->process = process;
  member->session = options.session_timeout;
  member->id = "member-" + std::to_string(next_member_++);
  const auto old = std::find_if(members_.begin(), members_.end(), [&](const auto& other) {
    return !options.instance_id.empty() && other->instance_id == options.instance_id;
  });
  if (old == members_.end()) {
    add(member);
    return member;
  }
  // A static member comes back: it has what it had, under the same generation and a new id.
  const std::shared_ptr<Member> before = *old;
  before->replaced = true;
  before->phase = Phase::kGone;
  member->phase = Phase::kJoining;
  *old = member;
  if (!rebalancing_) {
    member->partitions = before->partitions;
    member->phase = Phase::kOwning;
    tell(*member, Kind::kAssigned);
  }
  before->partitions.clear();
  assign_if_all_joined();
  return member;
}

void Group::add(std::shared_ptr<Member> member) {
  member->phase = Phase::kJoining;
  // The order of the members decides who gets what.
  const auto at = dice_->index(members_.size() + 1);
  members_.insert(members_.begin() + static_cast<std::ptrdiff_t>(at), std::move(member));
  rebalance();
}

void Group::rebalance() {
  rebalancing_ = true;
  for (const auto& member : members_) {
    if (member->phase == Phase::kOwning) ask_back(*member);
  }
  assign_if_all_joined();
  scheduler_->notify();
}

void Group::shuffle() {
  for (std::size_t i = members_.size(); i > 1; --i) {
    std::swap(members_[i - 1], members_[dice_->index(i)]);
  }
  rebalance();
}

void Group::ask_back(Member& member) {
  if (member.delivered) return;  // it can be told of one thing at a time: `acknowledge` comes here
  const bool untold = member.event.has_value();
  member.event.reset();
  if (untold || member.partitions.empty()) {
    member.partitions.clear();
    member.phase = Phase::kJoining;
    return;
  }
  member.phase = Phase::kRevoking;
  tell(member, Kind::kRevoked);
}

void Group::tell(Member& member, Kind kind) {
  member.event = MembershipEvent{kind, member.partitions, lease_of(member)};
  scheduler_->notify();
}

void Group::acknowledge(Member& member) {
  const auto kind = std::exchange(member.delivered, std::nullopt);
  if (!kind) return;
  if (*kind == Kind::kRevoked && member.phase == Phase::kRevoking) {
    member.partitions.clear();
    member.phase = Phase::kJoining;
  }
  if (rebalancing_ && member.phase == Phase::kOwning) ask_back(member);
  assign_if_all_joined();
}

void Group::assign_if_all_joined() {
  if (!rebalancing_) return;
  for (const auto& member : members_) {
    if (member->phase != Phase::kJoining || member->delivered) return;
  }
  rebalancing_ = false;
  ++generation_;
  if (members_.empty()) return;
  const auto count = static_cast<PartitionId>(members_.size());
  PartitionId next = 0;
  for (PartitionId i = 0; i < count; ++i) {
    Member& member = *members_[static_cast<std::size_t>(i)];
    const PartitionId share = partitions_ / count + (i < partitions_ % count ? 1 : 0);
    member.partitions.clear();
    for (PartitionId p = 0; p < share; ++p) member.partitions.push_back(next++);
    member.phase = Phase::kOwning;
    tell(member, Kind::kAssigned);
  }
}

void Group::leave(Member& member) {
  member.phase = Phase::kGone;
  member.partitions.clear();
  const auto removed =
      std::erase_if(members_, [&](const auto& other) { return other.get() == &member; });
  if (removed > 0) rebalance();
}

void Group::expel(Member& member) {
  member.event.reset();
  member.delivered.reset();
  if (!member.partitions.empty()) tell(member, Kind::kLost);
  member.partitions.clear();
  member.phase = Phase::kGone;
  std::erase_if(members_, [&](const auto& other) { return other.get() == &member; });
  rebalance();
}

bool Group::knows(const std::string& member_id) const {
  return std::any_of(members_.begin(), members_.end(),
                     [&](const auto& member) { return member->id == member_id; });
}

Lease Group::lease_of(const Member& member) const {
  const bool has = member.phase == Phase::kOwning || member.phase == Phase::kRevoking;
  return {member.id, has ? generation_ : -1, {}};
}

bool Group::tick() {
  for (const auto& member : std::vector(members_)) {
    const bool silent =
        !scheduler_->is_running(member->process) || scheduler_->is_stopped(member->process);
    if (!silent) {
      member->silent_since = Timestamp::none();
    } else if (member->silent_since == Timestamp::none()) {
      member->silent_since = scheduler_->now();
    } else if (scheduler_->now() - member->silent_since >= member->session) {
      expel(*member);
      return true;
    }
  }
  return false;
}

Timestamp Group::next_tick() const {
  Timestamp next = Timestamp::max();
  for (const auto& member : members_) {
    if (member->silent_since != Timestamp::none()) {
      next = std::min(next, member->silent_since + member->session);
    }
  }
  return next;
}

}  // namespace millstream::simulation
