#include <algorithm>

#include "kafka_fixture.h"

namespace millstream {
namespace {

using testing::HasSubstr;

class KafkaAdminTest : public KafkaTest {
 protected:
  Admin& admin() { return broker_->admin(); }
};

TEST_F(KafkaAdminTest, TopicsAreMadeFoundDescribedAndDeleted) {
  const std::string topic = make_topic("t", 3, {{"cleanup.policy", "compact"}});
  const NewTopic again{.name = topic, .partitions = 3};
  EXPECT_TRUE(admin().create_topics(std::span(&again, 1)));

  const std::vector<std::string> asked{topic, "no-such-topic"};
  const auto counts = admin().partition_counts(asked);
  ASSERT_TRUE(counts);
  EXPECT_THAT(*counts, testing::ElementsAre(testing::Pair(topic, 3)));
  EXPECT_THAT(*admin().list_topics(), testing::Contains(topic));
  const auto settings = admin().topic_config(topic);
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->at("cleanup.policy"), "compact");

  EXPECT_TRUE(admin().delete_topics(asked));
  EXPECT_TRUE(eventually([&] { return admin().partition_counts(asked)->empty(); }));
  EXPECT_FALSE(admin().topic_config(topic));
}

TEST_F(KafkaAdminTest, TopicThatCannotBeMadeIsNamed) {
  const NewTopic bad{
      .name = named("t"), .partitions = 1, .config = {{"cleanup.policy", "nonsense"}}};
  const Status made = admin().create_topics(std::span(&bad, 1));
  ASSERT_FALSE(made);
  EXPECT_THAT(std::string(made.error().message()), HasSubstr(bad.name));
}

TEST_F(KafkaAdminTest, EndsDifferWhileATransactionIsOpen) {
  const TopicPartition partition{make_topic("t"), 0};
  auto writer = producer(named("id"));
  expect_good(writer->begin_transaction());
  write(*writer, partition, "a");
  expect_good(writer->flush());
  EXPECT_EQ(to_int(end(partition, Isolation::kReadCommitted)), 0);
  EXPECT_EQ(to_int(end(partition, Isolation::kReadUncommitted)), 1);

  expect_good(commit(*writer));
  EXPECT_TRUE(eventually([&] { return to_int(end(partition, Isolation::kReadCommitted)) == 2; }));
  EXPECT_EQ(to_int(end(partition, Isolation::kReadUncommitted)), 2);
}

TEST_F(KafkaAdminTest, OffsetsForTimeAndBeginningAfterDeletedRecords) {
  const TopicPartition partition{make_topic("t"), 0};
  auto writer = producer();
  for (const std::int64_t time : {1'000, 2'000, 3'000}) {
    expect_good(writer->produce(
        {.topic = partition.topic, .partition = 0, .value = "v", .timestamp = Timestamp(time)}));
  }
  expect_good(writer->flush());
  const auto at = [&](std::int64_t time) {
    const auto found = admin().offsets_for_time(std::span(&partition, 1), Timestamp(time));
    EXPECT_TRUE(found);
    return to_int(found->at(partition));
  };
  EXPECT_EQ(at(0), 0);
  EXPECT_EQ(at(1'500), 1);
  EXPECT_EQ(at(9'000), 3);

  const PartitionPosition before{partition, Offset{2}};
  const Status deleted = admin().delete_records(std::span(&before, 1));
  EXPECT_TRUE(deleted) << deleted.error().message();
  EXPECT_EQ(to_int(admin().beginning_offsets(std::span(&partition, 1))->at(partition)), 2);
}

TEST_F(KafkaAdminTest, OffsetsOfAGroupWithoutMembersCanBeReset) {
  const TopicPartition partition{make_topic("t"), 0};
  const std::string group = named("g");
  const Status reset = admin().reset_offsets(group, {{partition, {Offset{11}, "by hand"}}});
  ASSERT_TRUE(reset) << reset.error().message();
  const auto offsets = admin().committed_offsets(group, std::span(&partition, 1));
  ASSERT_TRUE(offsets);
  EXPECT_EQ(to_int(offsets->at(partition).offset), 11);
  EXPECT_EQ(offsets->at(partition).metadata, "by hand");
}

TEST_F(KafkaAdminTest, OffsetsOfALivingGroupCannotBeReset) {
  const TopicPartition partition{make_topic("t"), 0};
  const std::string group = named("g");
  auto member = join(group, make_topic("tasks"));
  next_event(*member);
  member->acknowledge();
  const Status reset = admin().reset_offsets(group, {{partition, {Offset{11}, ""}}});
  ASSERT_FALSE(reset);
  EXPECT_THAT(std::string(reset.error().message()), HasSubstr("stop the application"));
}

TEST_F(KafkaAdminTest, UnknownPartitionIsNamed) {
  const TopicPartition partition{named("none"), 0};
  const auto ends = admin().end_offsets(std::span(&partition, 1), Isolation::kReadUncommitted);
  ASSERT_FALSE(ends);
  EXPECT_THAT(std::string(ends.error().message()), HasSubstr(partition.to_string()));
}

TEST_F(KafkaAdminTest, CommittedOffsetsWaitForAnOpenTransaction) {
  const TopicPartition source{make_topic("src"), 0};
  const std::string group = named("g");
  ASSERT_TRUE(admin().reset_offsets(group, {{source, {Offset{1}, ""}}}));
  auto member = join(group, make_topic("tasks"));
  const Lease lease = next_event(*member).lease;
  member->acknowledge();

  // While commits follow one another, what is read is always one of the committed offsets.
  auto writer = producer(named("id"));
  std::int64_t last = 1;
  for (std::int64_t n = 2; n < 12; ++n) {
    expect_good(writer->begin_transaction());
    write(*writer, source, "x");
    writer->submit_commit(group, {{source, {Offset{n}, ""}}}, lease);
    const auto offsets = admin().committed_offsets(group, std::span(&source, 1));
    ASSERT_TRUE(offsets) << offsets.error().message();
    const std::int64_t now = to_int(offsets->at(source).offset);
    EXPECT_TRUE(now == last || now == n) << now;
    expect_good(*writer->commit_result(Duration(30'000)));
    last = n;
  }
}

}  // namespace
}  // namespace millstream
