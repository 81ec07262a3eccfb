#include "simulated_broker.h"

#include <utility>

namespace millstream::simulation {

namespace {

class SimulatedMembership final : public Membership {
 public:
  SimulatedMembership(Client& client, MembershipOptions options)
      : client_(&client), options_(std::move(options)) {
    const auto& coordination = client_->cluster.topics().at(options_.coordination_topic);
    group().set_partitions(static_cast<PartitionId>(coordination.partitions.size()));
    member_ = group().join(options_, client_->process);
  }
  ~SimulatedMembership() override { leave(); }

  Result<std::vector<MembershipEvent>> poll(Duration timeout) override {
    const Timestamp deadline = client_->cluster.now() + timeout;
    while (true) {
      std::vector<MembershipEvent> events;
      if (member_->event) {
        member_->delivered = member_->event->kind;
        if (member_->event->kind == MembershipEvent::Kind::kLost) lease_ = {};
        if (member_->event->kind == MembershipEvent::Kind::kAssigned)
          lease_ = member_->event->lease;
        events.push_back(*std::exchange(member_->event, std::nullopt));
        return events;
      }
      if (member_->replaced) return Error::machine("fenced: another member has this instance id");
      if (member_->phase == Group::Member::Phase::kGone) {
        lease_ = {};
        member_ = group().join(options_, client_->process);
        continue;
      }
      if (client_->cluster.now() >= deadline) return events;
      client_->scheduler.wait_for_news(deadline - client_->cluster.now());
    }
  }
  void acknowledge() override {
    if (client_->dead) return;
    if (member_->delivered == MembershipEvent::Kind::kRevoked) lease_ = {};
    group().acknowledge(*member_);
  }
  [[nodiscard]] Lease lease() const override { return lease_; }

  ProducerStatus commit_offsets(const OffsetsByPartition& offsets, const Lease& lease) override {
    const auto refused = [](ProducerFault fault, const char* why) {
      return ProducerStatus{fault, Error::machine(why)};
    };
    while (true) {
      client_->travel();
      if (lease.generation < 0 || lease != lease_) {
        return refused(ProducerFault::kFenced, "the lease is no longer current");
      }
      const Code code = client_->cluster.commit_offsets(options_.group, offsets, lease);
      client_->travel();
      if (code == Code::kOk) return {};
      if (code == Code::kUnknownMember) return refused(ProducerFault::kFenced, "unknown member");
      if (code == Code::kIllegalGeneration) {
        return refused(ProducerFault::kAbort, "illegal generation");
      }
      client_->scheduler.sleep(Duration(50));
    }
  }
  void leave() override {
    if (client_->dead || left_) return;
    left_ = true;
    lease_ = {};
    // A static member only falls silent: its session keeps its place.
    if (options_.instance_id.empty()) group().leave(*member_);
  }

 private:
  Group& group() { return client_->cluster.group(); }

  Client* client_;
  MembershipOptions options_;
  std::shared_ptr<Group::Member> member_;
  Lease lease_;
  bool left_ = false;
};

}  // namespace

std::unique_ptr<Membership> join_simulated_group(Client& client, const MembershipOptions& options) {
  return std::make_unique<SimulatedMembership>(client, options);
}

}  // namespace millstream::simulation
