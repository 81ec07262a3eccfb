#include <algorithm>
#include <set>

#include "kafka_fixture.h"

namespace millstream {
namespace {

class KafkaConsumerTest : public KafkaTest {
 protected:
  void fill(const TopicPartition& to, int count) {
    auto writer = producer();
    for (int i = 0; i < count; ++i) write(*writer, to, std::to_string(i));
    expect_good(writer->flush());
  }

  static void expect_consecutive(const std::vector<Seen>& seen, std::int64_t from) {
    for (const Seen& record : seen) ASSERT_EQ(record.offset, from++);
  }

  /// The position that polling arrives at, whatever it returns.
  bool reaches(Consumer& reader, const TopicPartition& partition, std::int64_t position) {
    return eventually([&] {
      EXPECT_TRUE(reader.poll(100, Duration(50)));
      return to_int(reader.position(partition)) == position;
    });
  }
};

TEST_F(KafkaConsumerTest, PositionPassesControlAndAbortedRecords) {
  const TopicPartition from{make_topic("t"), 0};
  auto writer = producer(named("id"));
  expect_good(writer->begin_transaction());
  write(*writer, from, "a");
  expect_good(commit(*writer));
  auto reader = consumer(from);
  EXPECT_EQ(to_int(reader->position(from)), 0);
  EXPECT_TRUE(reaches(*reader, from, 2));

  expect_good(writer->begin_transaction());
  write(*writer, from, "b");
  expect_good(writer->abort_transaction());
  EXPECT_TRUE(reaches(*reader, from, 4));
  EXPECT_EQ(to_int(reader->known_end(from)), 4);
  EXPECT_EQ(reader->position({"other", 0}), Offset::kNone);
}

TEST_F(KafkaConsumerTest, PollGivesOneBatchAPartitionAndAtMostWhatWasAsked) {
  const std::string topic = make_topic("t", 3);
  for (PartitionId p = 0; p < 3; ++p) fill({topic, p}, 50);
  auto reader = consumer({topic, 0});
  const std::vector<PartitionPosition> more{{{topic, 1}, Offset{10}}, {{topic, 2}, Offset{49}}};
  ASSERT_TRUE(reader->assign(more));

  std::map<PartitionId, std::int64_t> next{{0, 0}, {1, 10}, {2, 49}};
  std::size_t total = 0;
  ASSERT_TRUE(eventually([&] {
    const auto batches = reader->poll(20, Duration(100));
    EXPECT_TRUE(batches);
    std::size_t count = 0;
    std::set<PartitionId> seen;
    for (const auto& batch : *batches) {
      const PartitionId p = batch->partition().partition;
      EXPECT_TRUE(seen.insert(p).second);
      for (const auto& record : batch->records()) EXPECT_EQ(to_int(record.offset), next[p]++);
      count += batch->records().size();
    }
    EXPECT_LE(count, 20U);
    total += count;
    return total == 91;
  }));
}

TEST_F(KafkaConsumerTest, SeekGoesBackAndForth) {
  const TopicPartition from{make_topic("t"), 0};
  fill(from, 100);
  auto reader = consumer(from);
  expect_consecutive(read(*reader, 100), 0);

  ASSERT_TRUE(reader->seek({from, Offset{40}}));
  EXPECT_EQ(to_int(reader->position(from)), 40);
  expect_consecutive(read(*reader, 60), 40);
  ASSERT_TRUE(reader->seek({from, Offset{95}}));
  expect_consecutive(read(*reader, 5), 95);
}

TEST_F(KafkaConsumerTest, SeekRightAfterAssignWins) {
  const TopicPartition from{make_topic("t"), 0};
  fill(from, 30);
  auto reader = consumer(from);
  ASSERT_TRUE(reader->seek({from, Offset{20}}));
  expect_consecutive(read(*reader, 10), 20);
}

TEST_F(KafkaConsumerTest, UnassignedPartitionIsSilentAndCanComeBack) {
  const TopicPartition from{make_topic("t"), 0};
  fill(from, 50);
  auto reader = consumer(from);
  read(*reader, 10);
  reader->unassign(std::span(&from, 1));
  EXPECT_EQ(reader->position(from), Offset::kNone);
  EXPECT_TRUE(reader->poll(100, Duration(100))->empty());

  const PartitionPosition again{from, Offset{5}};
  ASSERT_TRUE(reader->assign(std::span(&again, 1)));
  expect_consecutive(read(*reader, 45), 5);
}

TEST_F(KafkaConsumerTest, PausedPartitionKeepsItsPlace) {
  const std::string topic = make_topic("t", 2);
  fill({topic, 0}, 5'000);
  fill({topic, 1}, 10);
  auto made = broker_->make_consumer({.client_id = "small", .fetch_budget = 100'000});
  Consumer& reader = **made;
  const std::vector<PartitionPosition> both{{{topic, 0}, Offset{0}}, {{topic, 1}, Offset{0}}};
  ASSERT_TRUE(reader.assign(both));
  reader.pause({topic, 0});
  reader.pause({topic, 0});

  // More than the consumer's share may be parked, so that librdkafka pauses it too.
  auto seen = read(reader, 10);
  for (int i = 0; i < 30; ++i) read_once(reader, seen);
  EXPECT_EQ(seen.size(), 10U);
  EXPECT_EQ(to_int(reader.position({topic, 0})), 0);

  reader.resume({topic, 0});
  reader.resume({topic, 0});
  expect_consecutive(read(reader, 5'000), 0);
}

TEST_F(KafkaConsumerTest, WhatWasParkedComesInStepsAndCanBeHeldBackAgain) {
  const std::string topic = make_topic("t", 2);
  fill({topic, 0}, 5'000);
  fill({topic, 1}, 10);
  auto reader = consumer({topic, 0});
  const PartitionPosition other{{topic, 1}, Offset{0}};
  ASSERT_TRUE(reader->assign(std::span(&other, 1)));
  reader->pause({topic, 0});
  auto seen = read(*reader, 10);
  for (int i = 0; i < 30; ++i) read_once(*reader, seen);
  ASSERT_EQ(seen.size(), 10U);

  std::int64_t next = 0;
  ASSERT_TRUE(eventually([&] {
    reader->resume({topic, 0});
    const auto batches = reader->poll(20'000, Duration(50));
    reader->pause({topic, 0});
    EXPECT_TRUE(batches);
    for (const auto& batch : *batches) {
      EXPECT_LE(batch->records().size(), 1'000U);
      for (const auto& record : batch->records()) EXPECT_EQ(to_int(record.offset), next++);
    }
    EXPECT_TRUE(reader->poll(20'000, Duration(0))->empty());
    return next == 5'000;
  }));
}

TEST_F(KafkaConsumerTest, SeekOfAPausedPartitionDropsWhatWasParked) {
  const TopicPartition from{make_topic("t"), 0};
  fill(from, 2'000);
  auto made = broker_->make_consumer({.client_id = "small", .fetch_budget = 100'000});
  Consumer& reader = **made;
  const PartitionPosition start{from, Offset{0}};
  ASSERT_TRUE(reader.assign(std::span(&start, 1)));
  reader.pause(from);
  std::vector<Seen> seen;
  for (int i = 0; i < 20; ++i) read_once(reader, seen);
  ASSERT_TRUE(reader.seek({from, Offset{1'500}}));
  for (int i = 0; i < 5; ++i) read_once(reader, seen);
  EXPECT_TRUE(seen.empty());
  reader.resume(from);
  expect_consecutive(read(reader, 500), 1'500);
}

TEST_F(KafkaConsumerTest, BesideAMemberItStillReadsOnlyItsOwn) {
  const TopicPartition from{make_topic("t"), 0};
  fill(from, 500);
  const auto member = join(named("g"), make_topic("tasks", 2));
  auto made = broker_->make_consumer({.client_id = "small", .fetch_budget = 100'000});
  Consumer& reader = **made;
  const PartitionPosition start{from, Offset{0}};
  ASSERT_TRUE(reader.assign(std::span(&start, 1)));
  expect_consecutive(read(reader, 500), 0);
  reader.unassign(std::span(&from, 1));
  ASSERT_TRUE(reader.assign(std::span(&start, 1)));
  expect_consecutive(read(reader, 500), 0);
}

TEST_F(KafkaConsumerTest, OffsetOutOfRangeEndsItWithPartitionOffsetAndRemedy) {
  const TopicPartition from{make_topic("t"), 0};
  fill(from, 3);
  auto reader = consumer(from, 100);
  std::string message;
  ASSERT_TRUE(eventually([&] {
    const auto batches = reader->poll(10, Duration(50));
    if (!batches) message = batches.error().message();
    return !batches;
  }));
  EXPECT_THAT(message,
              testing::AllOf(testing::HasSubstr(from.to_string()), testing::HasSubstr("offset 100"),
                             testing::HasSubstr("reset")));
}

TEST_F(KafkaConsumerTest, UnreachableKafkaIsToldOnceAndWaitedFor) {
  Config config;
  config.set("bootstrap.servers", "127.0.0.1:1");
  auto away = open_broker(config, clock_, logger_);
  ASSERT_TRUE(away);
  auto reader = (*away)->make_consumer({.client_id = "waits"});
  ASSERT_TRUE(reader);
  const PartitionPosition from{{"t", 0}, Offset{0}};
  ASSERT_TRUE((*reader)->assign(std::span(&from, 1)));
  const auto told = [&] {
    const auto lines = logger_.lines();
    return std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
      return line.find("Is it running there?") != std::string::npos &&
             line.find("127.0.0.1:1") != std::string::npos;
    });
  };
  ASSERT_TRUE(eventually([&] {
    EXPECT_TRUE((*reader)->poll(10, Duration(50)));
    return told() > 0;
  }));
  for (int i = 0; i < 20; ++i) EXPECT_TRUE((*reader)->poll(10, Duration(50)));
  EXPECT_EQ(told(), 1);
}

}  // namespace
}  // namespace millstream
