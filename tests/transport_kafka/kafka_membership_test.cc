#include <algorithm>

#include "kafka_fixture.h"

namespace millstream {
namespace {

using Kind = MembershipEvent::Kind;
using testing::ElementsAre;

class KafkaMembershipTest : public KafkaTest {
 protected:
  /// A member and what it has, carrying out every event at once.
  struct Member {
    std::unique_ptr<Membership> membership;
    std::vector<PartitionId> has{};
    std::vector<Kind> events{};

    void step() {
      const auto polled = membership->poll(Duration(20));
      ASSERT_TRUE(polled);
      for (const auto& event : *polled) {
        events.push_back(event.kind);
        if (event.kind == Kind::kAssigned) {
          has = event.partitions;
        } else {
          std::erase_if(has, [&](PartitionId p) {
            return std::find(event.partitions.begin(), event.partitions.end(), p) !=
                   event.partitions.end();
          });
        }
        membership->acknowledge();
      }
    }
  };

  bool settle(const std::vector<Member*>& members, const std::function<bool()>& done) {
    return eventually([&] {
      for (Member* member : members) member->step();
      return done();
    });
  }

  OffsetsByPartition committed(const std::string& group, const TopicPartition& partition) {
    auto found = broker_->admin().committed_offsets(group, std::span(&partition, 1));
    EXPECT_TRUE(found) << found.error().message();
    return found ? *found : OffsetsByPartition{};
  }
};

TEST_F(KafkaMembershipTest, FirstMemberGetsEverythingUnderALease) {
  const std::string topic = make_topic("tasks", 3);
  auto member = join(named("g"), topic);
  EXPECT_EQ(member->lease().generation, -1);

  const MembershipEvent event = next_event(*member);
  EXPECT_EQ(event.kind, Kind::kAssigned);
  EXPECT_THAT(event.partitions, ElementsAre(0, 1, 2));
  EXPECT_GE(event.lease.generation, 1);
  EXPECT_FALSE(event.lease.member_id.empty());
  EXPECT_EQ(member->lease(), event.lease);
  member->acknowledge();

  member->leave();
  EXPECT_EQ(member->lease().generation, -1);
}

TEST_F(KafkaMembershipTest, TwoMembersShareAndTheGenerationGrows) {
  const std::string topic = make_topic("tasks", 4);
  const std::string group = named("g");
  Member first{join(group, topic)};
  ASSERT_TRUE(settle({&first}, [&] { return first.has.size() == 4; }));
  const Lease alone = first.membership->lease();

  Member second{join(group, topic)};
  ASSERT_TRUE(
      settle({&first, &second}, [&] { return first.has.size() == 2 && second.has.size() == 2; }));
  EXPECT_GT(first.membership->lease().generation, alone.generation);
  EXPECT_EQ(first.membership->lease().generation, second.membership->lease().generation);
  EXPECT_NE(first.membership->lease().member_id, second.membership->lease().member_id);
  EXPECT_THAT(first.events, testing::Contains(Kind::kRevoked));

  second.membership->leave();
  ASSERT_TRUE(settle({&first}, [&] { return first.has.size() == 4; }));
}

TEST_F(KafkaMembershipTest, RevokeWaitsUntilItIsAcknowledged) {
  const std::string topic = make_topic("tasks", 2);
  const std::string group = named("g");
  Member first{join(group, topic)};
  ASSERT_TRUE(settle({&first}, [&] { return first.has.size() == 2; }));
  const Lease lease = first.membership->lease();

  Member second{join(group, topic)};
  MembershipEvent revoked;
  ASSERT_TRUE(eventually([&] {
    second.step();
    const auto events = first.membership->poll(Duration(20));
    if (events->empty()) return false;
    revoked = events->front();
    return true;
  }));
  EXPECT_EQ(revoked.kind, Kind::kRevoked);
  EXPECT_EQ(revoked.lease, lease);
  for (int i = 0; i < 20; ++i) {
    second.step();
    EXPECT_TRUE(first.membership->poll(Duration(10))->empty());
  }
  EXPECT_TRUE(second.has.empty());
  // What it has done so far can still be committed.
  const TopicPartition source{make_topic("src"), 0};
  expect_good(first.membership->commit_offsets({{source, {Offset{5}, ""}}}, lease));

  first.membership->acknowledge();
  EXPECT_TRUE(
      settle({&first, &second}, [&] { return first.has.size() == 1 && second.has.size() == 1; }));
}

TEST_F(KafkaMembershipTest, CooperativeMembersKeepTheirsAndLearnTheNewLease) {
  const std::string topic = make_topic("tasks", 4);
  const std::string group = named("g");
  auto broker = open({{"partition.assignment.strategy", "cooperative-sticky"}});
  Member first{join(group, topic, broker.get())};
  ASSERT_TRUE(settle({&first}, [&] { return first.has.size() == 4; }));
  Member second{join(group, topic, broker.get())};
  ASSERT_TRUE(
      settle({&first, &second}, [&] { return first.has.size() == 2 && second.has.size() == 2; }));
  ASSERT_TRUE(settle({&first, &second}, [&] {
    return first.membership->lease().generation == second.membership->lease().generation;
  }));
  EXPECT_EQ(std::count(first.events.begin(), first.events.end(), Kind::kRevoked), 1);
}

TEST_F(KafkaMembershipTest, OffsetsGoWithTheTransactionAndItsLease) {
  const std::string topic = make_topic("tasks", 1);
  const TopicPartition source{make_topic("src"), 0};
  const std::string group = named("g");
  Member member{join(group, topic)};
  ASSERT_TRUE(settle({&member}, [&] { return member.has.size() == 1; }));
  auto writer = producer(named("id"));

  expect_good(writer->begin_transaction());
  write(*writer, source, "a");
  expect_good(commit(*writer, group, {{source, {Offset{42}, "n=7 lineage=x"}}},
                     member.membership->lease()));
  const auto offsets = committed(group, source);
  ASSERT_EQ(offsets.count(source), 1U);
  EXPECT_EQ(to_int(offsets.at(source).offset), 42);
  EXPECT_EQ(offsets.at(source).metadata, "n=7 lineage=x");

  expect_good(writer->begin_transaction());
  write(*writer, source, "b");
  expect_good(writer->abort_transaction());
  EXPECT_EQ(to_int(committed(group, source).at(source).offset), 42);
  EXPECT_TRUE(committed(named("other"), source).empty());
}

TEST_F(KafkaMembershipTest, StaleLeaseIsRefusedAndTheProducerGoesOn) {
  const std::string topic = make_topic("tasks", 2);
  const TopicPartition source{make_topic("src"), 0};
  const std::string group = named("g");
  Member first{join(group, topic)};
  ASSERT_TRUE(settle({&first}, [&] { return first.has.size() == 2; }));
  const Lease stale = first.membership->lease();
  Member second{join(group, topic)};
  ASSERT_TRUE(
      settle({&first, &second}, [&] { return first.has.size() == 1 && second.has.size() == 1; }));

  auto writer = producer(named("id"));
  expect_good(writer->begin_transaction());
  write(*writer, source, "zombie");
  const ProducerStatus refused = commit(*writer, group, {{source, {Offset{9}, ""}}}, stale);
  EXPECT_EQ(refused.fault, ProducerFault::kAbort) << refused.error.message();
  expect_good(writer->abort_transaction());
  EXPECT_EQ(first.membership->commit_offsets({{source, {Offset{9}, ""}}}, stale).fault,
            ProducerFault::kFenced);
  EXPECT_TRUE(committed(group, source).empty());

  expect_good(writer->begin_transaction());
  write(*writer, source, "alive");
  expect_good(commit(*writer, group, {{source, {Offset{9}, ""}}}, first.membership->lease()));
  EXPECT_EQ(to_int(committed(group, source).at(source).offset), 9);
}

TEST_F(KafkaMembershipTest, NoLeaseAndAGoneMemberAreFenced) {
  const std::string topic = make_topic("tasks", 1);
  const TopicPartition source{make_topic("src"), 0};
  const std::string group = named("g");
  Member gone{join(group, topic)};
  ASSERT_TRUE(settle({&gone}, [&] { return gone.has.size() == 1; }));
  const Lease lease = gone.membership->lease();
  gone.membership->leave();
  Member stays{join(group, topic)};
  ASSERT_TRUE(settle({&stays}, [&] { return stays.has.size() == 1; }));

  auto writer = producer(named("id"));
  for (const Lease& bad : {lease, Lease{}}) {
    expect_good(writer->begin_transaction());
    write(*writer, source, "zombie");
    EXPECT_EQ(commit(*writer, group, {{source, {Offset{9}, ""}}}, bad).fault,
              ProducerFault::kFenced);
    expect_good(writer->abort_transaction());
  }
}

TEST_F(KafkaMembershipTest, CommitOffsetsOutsideATransaction) {
  const std::string topic = make_topic("tasks", 1);
  const TopicPartition source{make_topic("src"), 0};
  const std::string group = named("g");
  Member member{join(group, topic)};
  ASSERT_TRUE(settle({&member}, [&] { return member.has.size() == 1; }));
  expect_good(member.membership->commit_offsets({{source, {Offset{3}, "text"}}},
                                                member.membership->lease()));
  EXPECT_EQ(to_int(committed(group, source).at(source).offset), 3);
  EXPECT_EQ(committed(group, source).at(source).metadata, "text");
}

}  // namespace
}  // namespace millstream
