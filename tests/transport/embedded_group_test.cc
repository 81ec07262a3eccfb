#include "embedded_fixture.h"

#include <gmock/gmock.h>

#include <thread>

namespace millstream::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = MembershipEvent::Kind;

class EmbeddedGroup : public EmbeddedTest {
 protected:
  void SetUp() override {
    open();
    create("coordination", 3);
  }

  std::unique_ptr<Membership> join(const std::string& instance = {}) {
    MembershipOptions options;
    options.group = "g";
    options.coordination_topic = "coordination";
    options.instance_id = instance;
    options.max_poll_interval = Duration(1000);
    auto member = broker->join(options);
    EXPECT_TRUE(member);
    return std::move(*member);
  }

  /// The next event; there must be one.
  static MembershipEvent next_event(Membership& member) {
    auto events = member.poll(Duration(1000));
    EXPECT_TRUE(events);
    EXPECT_EQ(events->size(), 1U);
    return events->empty() ? MembershipEvent{} : std::move(events->front());
  }
  static void expect(Membership& member, Kind kind, const std::vector<PartitionId>& partitions) {
    const MembershipEvent event = next_event(member);
    EXPECT_EQ(event.kind, kind);
    EXPECT_EQ(event.partitions, partitions);
    member.acknowledge();
  }
  static void expect_nothing(Membership& member) {
    EXPECT_THAT(*member.poll(Duration(0)), IsEmpty());
  }
};

TEST_F(EmbeddedGroup, GivesItsOnlyMemberEverything) {
  const auto one = join();

  const MembershipEvent event = next_event(*one);

  EXPECT_EQ(event.kind, Kind::kAssigned);
  EXPECT_THAT(event.partitions, ElementsAre(0, 1, 2));
  EXPECT_GE(event.lease.generation, 1);
  EXPECT_EQ(one->lease(), event.lease);
  expect_nothing(*one);
  one->acknowledge();
  expect_nothing(*one);
}

TEST_F(EmbeddedGroup, SharesOutAnewWhenAMemberJoinsAndLeaves) {
  const auto one = join();
  expect(*one, Kind::kAssigned, {0, 1, 2});
  const Lease old = one->lease();

  auto two = join();
  expect_nothing(*two);
  EXPECT_EQ(one->lease(), old);
  expect(*one, Kind::kRevoked, {0, 1, 2});
  expect(*one, Kind::kAssigned, {0, 1});
  expect(*two, Kind::kAssigned, {2});
  EXPECT_GT(one->lease().generation, old.generation);
  EXPECT_EQ(one->lease().generation, two->lease().generation);
  EXPECT_NE(one->lease().member_id, two->lease().member_id);

  two.reset();
  expect(*one, Kind::kRevoked, {0, 1});
  expect(*one, Kind::kAssigned, {0, 1, 2});
}

TEST_F(EmbeddedGroup, WaitsForTheCommitOfWhoIsRevoked) {
  const auto one = join();
  expect(*one, Kind::kAssigned, {0, 1, 2});
  const Lease lease = one->lease();
  const auto two = join();
  ASSERT_EQ(next_event(*one).kind, Kind::kRevoked);
  expect_nothing(*two);

  EXPECT_TRUE(one->commit_offsets({{{"coordination", 0}, {Offset{0}, "m"}}}, lease));
  one->acknowledge();
  EXPECT_EQ(next_event(*two).kind, Kind::kAssigned);

  EXPECT_EQ(one->commit_offsets({}, lease).fault, ProducerFault::kFenced);
}

TEST_F(EmbeddedGroup, RevokesAfterAnAssignmentThatIsStillBeingCarriedOut) {
  const auto one = join();
  ASSERT_EQ(next_event(*one).kind, Kind::kAssigned);
  const auto two = join();
  expect_nothing(*one);

  one->acknowledge();

  expect(*one, Kind::kRevoked, {0, 1, 2});
  expect(*one, Kind::kAssigned, {0, 1});
  expect(*two, Kind::kAssigned, {2});
}

TEST_F(EmbeddedGroup, ExpelsAMemberThatIsSilentWhileOthersWait) {
  const auto one = join();
  expect(*one, Kind::kAssigned, {0, 1, 2});
  const Lease old = one->lease();
  const auto two = join();
  expect_nothing(*two);

  clock.advance(Duration(1001));
  expect(*two, Kind::kAssigned, {0, 1, 2});
  EXPECT_EQ(one->lease().generation, -1);
  EXPECT_EQ(one->commit_offsets({}, old).fault, ProducerFault::kFenced);

  expect(*one, Kind::kLost, {0, 1, 2});
  expect_nothing(*one);
  expect(*two, Kind::kRevoked, {0, 1, 2});
  expect(*two, Kind::kAssigned, {0, 1});
  expect(*one, Kind::kAssigned, {2});
}

TEST_F(EmbeddedGroup, ReplacesAMemberOfTheSameInstance) {
  const auto one = join("i");
  expect(*one, Kind::kAssigned, {0, 1, 2});

  const auto two = join("i");

  expect(*two, Kind::kAssigned, {0, 1, 2});
  expect(*one, Kind::kLost, {0, 1, 2});
  EXPECT_FALSE(one->poll(Duration(0)));
}

TEST_F(EmbeddedGroup, GivesMembersBeyondThePartitionsNothing) {
  std::vector<std::unique_ptr<Membership>> members;
  for (int i = 0; i < 4; ++i) members.push_back(join());

  // The first one joined alone, and lost all again before it heard of it.
  std::vector<std::size_t> counts;
  for (const auto& member : members) {
    const MembershipEvent event = next_event(*member);
    EXPECT_EQ(event.kind, Kind::kAssigned);
    counts.push_back(event.partitions.size());
    member->acknowledge();
  }

  EXPECT_THAT(counts, ElementsAre(1, 1, 1, 0));
}

TEST_F(EmbeddedGroup, WakesAMemberThatWaits) {
  const auto one = join();
  expect(*one, Kind::kAssigned, {0, 1, 2});

  std::unique_ptr<Membership> two;
  std::jthread other([&] { two = join(); });
  const auto events = one->poll(Duration(60'000));

  ASSERT_EQ(events->size(), 1U);
  EXPECT_EQ(events->front().kind, Kind::kRevoked);
}

TEST_F(EmbeddedGroup, NeedsItsCoordinationTopic) {
  MembershipOptions options;
  options.group = "g";
  options.coordination_topic = "nix";

  EXPECT_FALSE(broker->join(options));
}

TEST_F(EmbeddedGroup, CommitsWithoutMembersAsAToolDoes) {
  const TopicPartition partition{"coordination", 1};
  ASSERT_TRUE(broker->admin().reset_offsets("g", {{partition, {Offset{0}, "by hand"}}}));

  const auto offsets = broker->admin().committed_offsets("g", {&partition, 1});

  EXPECT_EQ(offsets->at(partition).metadata, "by hand");
  EXPECT_TRUE(broker->admin().committed_offsets("other", {&partition, 1})->empty());
}

}  // namespace
}  // namespace millstream::testing
