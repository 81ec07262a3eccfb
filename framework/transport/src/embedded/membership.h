#pragma once

#include "group.h"

#include <memory>

namespace millstream::embedded {

class EmbeddedMembership final : public Membership {
 public:
  EmbeddedMembership(Group& group, Database& database, std::shared_ptr<Member> member)
      : group_(group), database_(database), member_(std::move(member)) {}
  ~EmbeddedMembership() override { group_.leave(*member_); }
  EmbeddedMembership(const EmbeddedMembership&) = delete;
  EmbeddedMembership& operator=(const EmbeddedMembership&) = delete;

  Result<std::vector<MembershipEvent>> poll(Duration timeout) override {
    return group_.poll(*member_, timeout);
  }
  void acknowledge() override { group_.acknowledge(*member_); }
  [[nodiscard]] Lease lease() const override { return group_.lease(*member_); }
  ProducerStatus commit_offsets(const OffsetsByPartition& offsets, const Lease& lease) override {
    DatabaseBatch batch;
    return group_.commit(offsets, lease, batch, [this](DatabaseBatch& all) {
      return all.empty() ? Status() : database_.write(all, false);
    });
  }
  void leave() override { group_.leave(*member_); }

 private:
  Group& group_;
  Database& database_;
  const std::shared_ptr<Member> member_;
};

}  // namespace millstream::embedded
