#include "group.h"

#include "signal.h"

#include <algorithm>
#include <utility>

namespace millstream::embedded {

Result<std::shared_ptr<Member>> Group::join(const MembershipOptions& options) {
  if (const auto topic = topics_.find(options.coordination_topic); !topic) {
    return topic.error().within("joining group " + name_);
  }
  const Lock lock(mutex_);
  for (const auto& other : std::vector(members_)) {
    if (options.instance_id.empty() || other->options.instance_id != options.instance_id) continue;
    other->replaced = true;
    expel(*other);
  }
  auto member = std::make_shared<Member>();
  member->options = options;
  add(member);
  return member;
}

void Group::add(const std::shared_ptr<Member>& member) {
  member->id = (member->options.client_id.empty() ? "member" : member->options.client_id) + "-" +
               std::to_string(opens_) + "-" + std::to_string(next_member_++);
  member->phase = Member::Phase::kWaiting;
  member->last_seen = clock_.monotonic();
  members_.push_back(member);
  rebalance();
}

void Group::leave(Member& member) {
  const Lock lock(mutex_);
  const auto removed =
      std::erase_if(members_, [&](const auto& other) { return other.get() == &member; });
  member.phase = Member::Phase::kExpelled;
  member.left = true;
  member.partitions.clear();
  member.pending.reset();
  if (removed > 0) rebalance();
}

/// Take its partitions away without waiting for it.
void Group::expel(Member& member) {
  member.pending.reset();
  if (!member.partitions.empty()) {
    member.pending = {MembershipEvent::Kind::kLost, member.partitions, lease_of(member)};
  }
  member.partitions.clear();
  member.phase = Member::Phase::kExpelled;
  std::erase_if(members_, [&](const auto& other) { return other.get() == &member; });
  rebalance();
}

void Group::expel_silent_members() {
  const auto now = clock_.monotonic();
  for (const auto& member : std::vector(members_)) {
    if (now - member->last_seen > member->options.max_poll_interval) expel(*member);
  }
}

void Group::rebalance() {
  rebalancing_ = true;
  for (const auto& member : members_) {
    if (member->phase == Member::Phase::kOwning) revoke(*member);
  }
  assign_if_all_wait();
  changed_.notify_all();
}

void Group::revoke(Member& member) {
  // It can be told of one thing at a time; `acknowledge` comes back here.
  if (member.delivered) return;
  const bool knows = !member.pending.has_value();
  member.pending.reset();
  if (knows && !member.partitions.empty()) {
    member.pending = {MembershipEvent::Kind::kRevoked, member.partitions, lease_of(member)};
    member.phase = Member::Phase::kRevoking;
  } else {
    member.partitions.clear();
    member.phase = Member::Phase::kWaiting;
  }
}

void Group::assign_if_all_wait() {
  if (!rebalancing_) return;
  for (const auto& member : members_) {
    if (member->phase != Member::Phase::kWaiting || member->delivered) return;
  }
  rebalancing_ = false;
  ++generation_;
  if (members_.empty()) return;
  const auto topic = topics_.find(members_.front()->options.coordination_topic);
  assign(topic ? static_cast<PartitionId>((*topic)->partitions.size()) : 0);
  changed_.notify_all();
}

/// Kafka's range: as even as it gets, the first members have one more.
void Group::assign(PartitionId partitions) {
  const auto count = static_cast<PartitionId>(members_.size());
  PartitionId next_partition = 0;
  for (PartitionId i = 0; i < count; ++i) {
    Member& member = *members_[static_cast<std::size_t>(i)];
    const PartitionId share = partitions / count + (i < partitions % count ? 1 : 0);
    member.partitions.clear();
    for (PartitionId p = 0; p < share; ++p) member.partitions.push_back(next_partition++);
    member.phase = Member::Phase::kOwning;
    member.pending = {MembershipEvent::Kind::kAssigned, member.partitions, lease_of(member)};
  }
}

Result<std::vector<MembershipEvent>> Group::poll(Member& member, Duration timeout) {
  Lock lock(mutex_);
  const auto deadline = Signal::after(timeout);
  for (;;) {
    member.last_seen = clock_.monotonic();
    if (rebalancing_) expel_silent_members();
    if (member.pending && !member.delivered) {
      member.delivered = member.pending->kind;
      std::vector<MembershipEvent> events{std::move(*member.pending)};
      member.pending.reset();
      return events;
    }
    if (member.phase == Member::Phase::kExpelled && !member.delivered) {
      MILLSTREAM_TRY(rejoin(member));
      continue;
    }
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) {
      if (member.pending && !member.delivered) continue;
      return std::vector<MembershipEvent>();
    }
  }
}

Status Group::rejoin(Member& member) {
  if (member.left) return Error::machine("this member has left group " + name_);
  if (member.replaced) {
    return Error::machine("another member of group " + name_ + " has the group.instance.id \"" +
                          member.options.instance_id + "\"; give each instance its own");
  }
  add(member.shared_from_this());
  return {};
}

void Group::acknowledge(Member& member) {
  const Lock lock(mutex_);
  member.last_seen = clock_.monotonic();
  const auto kind = std::exchange(member.delivered, std::nullopt);
  if (!kind) return;
  if (*kind == MembershipEvent::Kind::kRevoked && member.phase == Member::Phase::kRevoking) {
    member.partitions.clear();
    member.phase = Member::Phase::kWaiting;
  }
  if (rebalancing_ && member.phase == Member::Phase::kOwning) revoke(member);
  assign_if_all_wait();
  changed_.notify_all();
}

Lease Group::lease_of(const Member& member) const { return {member.id, generation_, {}}; }

Lease Group::lease(const Member& member) const {
  const Lock lock(mutex_);
  const bool owning =
      member.phase == Member::Phase::kOwning || member.phase == Member::Phase::kRevoking;
  return owning ? lease_of(member) : Lease{member.id, -1, {}};
}

bool Group::is_current(const Lease& lease) const {
  if (lease.generation < 0) return lease.member_id.empty() && members_.empty();
  return lease.generation == generation_ &&
         std::any_of(members_.begin(), members_.end(),
                     [&](const auto& member) { return member->id == lease.member_id; });
}

}  // namespace millstream::embedded
