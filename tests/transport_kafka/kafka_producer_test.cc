#include <millstream/core/murmur2.h>

#include "kafka_fixture.h"

namespace millstream {
namespace {

using testing::ElementsAre;

class KafkaProducerTest : public KafkaTest {};

std::vector<std::string> values(const std::vector<Seen>& seen) {
  std::vector<std::string> all;
  for (const Seen& record : seen) all.push_back(record.value.value_or("null"));
  return all;
}

TEST_F(KafkaProducerTest, RoundTripKeepsKeysValuesHeadersNullsAndTimes) {
  const TopicPartition to{make_topic("t"), 0};
  const Headers headers{{"a", "1"}, {"none", std::nullopt}, {"a", ""}};
  auto writer = producer();
  const std::vector<OutgoingRecord> records{
      {.topic = to.topic,
       .partition = 0,
       .key = "k",
       .value = "v",
       .timestamp = Timestamp(77),
       .headers = &headers},
      {.topic = to.topic, .partition = 0, .value = "v", .timestamp = Timestamp(78)},
      {.topic = to.topic, .partition = 0, .key = "k", .timestamp = Timestamp(79)},
      {.topic = to.topic,
       .partition = 0,
       .key = std::string_view(),
       .value = std::string_view(),
       .timestamp = Timestamp(0)}};
  for (const auto& record : records) expect_good(writer->produce(record));
  expect_good(writer->flush());

  auto reader = consumer(to);
  const auto seen = read(*reader, 4);

  ASSERT_EQ(seen.size(), 4U);
  EXPECT_EQ(seen[0].key, "k");
  EXPECT_EQ(seen[0].value, "v");
  EXPECT_EQ(seen[0].timestamp, 77);
  EXPECT_EQ(seen[0].headers, headers);
  EXPECT_EQ(seen[1].key, std::nullopt);
  EXPECT_TRUE(seen[1].headers.empty());
  EXPECT_EQ(seen[2].value, std::nullopt);
  EXPECT_EQ(seen[3].key, "");
  EXPECT_EQ(seen[3].value, "");
  EXPECT_EQ(seen[3].timestamp, 1) << "librdkafka takes 0 for now";
  EXPECT_EQ(to_int(writer->end_written(to)), 4);
}

TEST_F(KafkaProducerTest, KeysLandWhereMurmur2Says) {
  const std::string topic = make_topic("t", 5);
  auto writer = producer();
  std::map<PartitionId, int> expected;
  for (int i = 0; i < 100; ++i) {
    const std::string key = "key-" + std::to_string(i);
    ++expected[partition_for_key(key, 5)];
    expect_good(writer->produce({.topic = topic, .key = key, .value = "v"}));
  }
  expect_good(writer->flush());

  std::map<PartitionId, int> written;
  for (PartitionId p = 0; p < 5; ++p) {
    const auto records = to_int(end({topic, p}, Isolation::kReadUncommitted));
    if (records > 0) written[p] = static_cast<int>(records);
  }
  EXPECT_EQ(written, expected);
}

TEST_F(KafkaProducerTest, OnlyCommittedTransactionsAreSeen) {
  const TopicPartition to{make_topic("t"), 0};
  auto writer = producer(named("id"));

  expect_good(writer->begin_transaction());
  write(*writer, to, "committed");
  expect_good(commit(*writer));
  expect_good(writer->begin_transaction());
  write(*writer, to, "aborted");
  expect_good(writer->abort_transaction());
  expect_good(writer->begin_transaction());
  write(*writer, to, "committed too");
  expect_good(writer->flush());
  EXPECT_EQ(to_int(writer->end_written(to)), 5);
  expect_good(commit(*writer));

  auto reader = consumer(to);
  EXPECT_THAT(values(read(*reader, 2)), ElementsAre("committed", "committed too"));
  auto all = consumer(to, 0, Isolation::kReadUncommitted);
  EXPECT_THAT(values(read(*all, 3)), ElementsAre("committed", "aborted", "committed too"));
}

TEST_F(KafkaProducerTest, EndWrittenIsOfThisTransaction) {
  const TopicPartition to{make_topic("t", 2), 1};
  auto writer = producer(named("id"));
  expect_good(writer->begin_transaction());
  write(*writer, to, "a");
  write(*writer, to, "b");
  expect_good(writer->flush());
  EXPECT_EQ(to_int(writer->end_written(to)), 2);
  EXPECT_EQ(writer->end_written({to.topic, 0}), Offset::kNone);
  EXPECT_EQ(writer->end_written({"other", 0}), Offset::kNone);
  expect_good(commit(*writer));

  expect_good(writer->begin_transaction());
  EXPECT_EQ(writer->end_written(to), Offset::kNone);
  expect_good(writer->abort_transaction());
}

TEST_F(KafkaProducerTest, EmptyTransactionsCommitAndAbort) {
  auto writer = producer(named("id"));
  expect_good(writer->begin_transaction());
  expect_good(commit(*writer));
  expect_good(writer->begin_transaction());
  expect_good(writer->abort_transaction());
  expect_good(writer->abort_transaction());
}

TEST_F(KafkaProducerTest, AbortRightAfterTheFirstRecordKeepsTheProducer) {
  const TopicPartition to{make_topic("t"), 0};
  auto writer = producer(named("id"));
  for (int i = 0; i < 5; ++i) {
    expect_good(writer->begin_transaction());
    write(*writer, to, "x");
    expect_good(writer->abort_transaction());
  }
}

TEST_F(KafkaProducerTest, SecondProducerOfTheSameIdFencesTheFirst) {
  const TopicPartition to{make_topic("t"), 0};
  auto first = producer(named("id"));
  expect_good(first->begin_transaction());
  write(*first, to, "zombie");
  expect_good(first->flush());

  auto second = producer(named("id"));
  const ProducerStatus late = commit(*first);
  EXPECT_EQ(late.fault, ProducerFault::kFenced) << late.error.message();

  expect_good(second->begin_transaction());
  write(*second, to, "alive");
  expect_good(commit(*second));
  auto reader = consumer(to);
  EXPECT_THAT(values(read(*reader, 1)), ElementsAre("alive"));
}

TEST_F(KafkaProducerTest, RecordThatIsTooLargeNamesItsTopic) {
  const TopicPartition to{make_topic("t"), 0};
  auto writer = producer(named("id"));
  expect_good(writer->begin_transaction());
  const std::string large(3'000'000, 'x');
  const ProducerStatus status =
      writer->produce({.topic = to.topic, .partition = 0, .value = large});
  EXPECT_EQ(status.fault, ProducerFault::kAbort);
  EXPECT_THAT(std::string(status.error.message()), testing::HasSubstr(to.topic));
  expect_good(writer->abort_transaction());
}

TEST_F(KafkaProducerTest, TransactionOlderThanItsTimeoutIsFatalNotFenced) {
  const TopicPartition to{make_topic("t"), 0};
  auto made = broker_->make_producer(
      {.transactional_id = named("id"), .transaction_timeout = Duration(1'000)});
  ASSERT_TRUE(made);
  Producer& writer = **made;
  expect_good(writer.init_transactions());
  expect_good(writer.begin_transaction());
  write(writer, to, "late");
  expect_good(writer.flush());
  // The broker looks for such transactions every 10 s: its marker makes the log one longer.
  ASSERT_TRUE(eventually([&] { return to_int(end(to, Isolation::kReadCommitted)) == 2; },
                         Duration(40'000)));
  EXPECT_EQ(commit(writer).fault, ProducerFault::kFatal);
}

TEST_F(KafkaProducerTest, CommitGoesOnInTheBackground) {
  const TopicPartition to{make_topic("t"), 0};
  auto writer = producer(named("id"));
  expect_good(writer->begin_transaction());
  write(*writer, to, "a");
  writer->submit_commit("", {}, {});
  std::optional<ProducerStatus> result = writer->commit_result(Duration(0));
  ASSERT_TRUE(eventually([&] {
    if (!result) result = writer->commit_result(Duration(1));
    return result.has_value();
  }));
  expect_good(*result);
}

}  // namespace
}  // namespace millstream
