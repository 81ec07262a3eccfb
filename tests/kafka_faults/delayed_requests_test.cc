// Requests that arrive late, by way of a proxy that holds them. The same cases are built a second
// time without the guard (request_guard.h), where each must show the damage that it prevents.

#include "../transport_kafka/kafka_fixture.h"
#include "proxy.h"

namespace millstream {
namespace {

#ifdef MILLSTREAM_WITHOUT_REQUEST_GUARD
constexpr bool kGuarded = false;
#else
constexpr bool kGuarded = true;
#endif

constexpr const char* kHoldEndTxn = "rule hold 26 request client=held";
constexpr const char* kHoldTxnOffsetCommit = "rule hold 28 request client=held";

class DelayedRequests : public KafkaTest {
 protected:
  void SetUp() override {
    const char* proxied = std::getenv("KAFKA_PROXIED");
    if (proxied == nullptr) {
      GTEST_SKIP()
          << "no proxy; run by python3 tests/support/services.py --kafka-proxy kafka -- ...";
    }
    KafkaTest::SetUp();
    proxy_ = std::make_unique<Proxy>(std::getenv("KAFKA_PROXY_CONTROL"));
    proxy_->tell("clear");
    auto opened =
        open_broker(Config{{"bootstrap.servers", proxied}, {"producer.socket.timeout.ms", "1500"}},
                    clock_, logger_);
    ASSERT_TRUE(opened);
    proxied_ = std::move(*opened);
  }

  /// A producer behind the proxy, whose requests can be told from others' by its client id.
  std::unique_ptr<Producer> held_producer() {
    auto made = proxied_->make_producer(
        {.client_id = "held", .transactional_id = named("id"), .transaction_timeout = kTimeout});
    EXPECT_TRUE(made);
    auto producer = std::move(*made);
    expect_good(producer->init_transactions());
    return producer;
  }
  /// What was held arrives, and the broker has answered it.
  void deliver_late() {
    const auto answered = proxy_->tell("answered");
    ASSERT_EQ(proxy_->tell("release 1"), 1);
    ASSERT_TRUE(eventually([&] { return proxy_->tell("answered") > answered; }));
  }
  std::vector<std::string> committed_values(const TopicPartition& partition, std::size_t count) {
    auto reader = consumer(partition);
    std::vector<std::string> values;
    for (const Seen& seen : read(*reader, count)) values.push_back(seen.value.value_or("null"));
    return values;
  }
  Offset committed_offset(const std::string& group, const TopicPartition& partition) {
    const auto offsets =
        broker_->admin().committed_offsets(group, std::span<const TopicPartition>(&partition, 1));
    EXPECT_TRUE(offsets);
    return offsets && offsets->contains(partition) ? offsets->at(partition).offset : Offset::kNone;
  }

  static constexpr Duration kTimeout{10'000};
  std::unique_ptr<Proxy> proxy_;
  std::unique_ptr<Broker> proxied_;
};

TEST_F(DelayedRequests, AnEndTxnThatComesLateCommitsNoLaterTransaction) {
  const TopicPartition to{make_topic("t"), 0};
  auto writer = held_producer();
  proxy_->tell(kHoldEndTxn);
  expect_good(writer->begin_transaction());
  write(*writer, to, "first");
  expect_good(commit(*writer));

  expect_good(writer->begin_transaction());
  write(*writer, to, "unfinished");
  expect_good(writer->flush());
  deliver_late();
  static_cast<void>(writer->abort_transaction());

  auto last = producer(named("last"));
  expect_good(last->begin_transaction());
  write(*last, to, "last");
  expect_good(commit(*last));
  if (kGuarded) {
    EXPECT_THAT(committed_values(to, 2), testing::ElementsAre("first", "last"));
  } else {
    EXPECT_THAT(committed_values(to, 3), testing::ElementsAre("first", "unfinished", "last"));
  }
}

TEST_F(DelayedRequests, ATxnOffsetCommitThatComesLateMovesNoOffsetBack) {
  const TopicPartition to{make_topic("t"), 0};
  const TopicPartition source{make_topic("source"), 0};
  const std::string group = named("group");
  auto member = join(group, make_topic("coordination"));
  const MembershipEvent joined = next_event(*member);
  member->acknowledge();
  const auto at = [&](std::int64_t offset) {
    return OffsetsByPartition{{source, {Offset{offset}, ""}}};
  };
  auto writer = held_producer();
  proxy_->tell(kHoldTxnOffsetCommit);
  expect_good(writer->begin_transaction());
  write(*writer, to, "1");
  expect_good(commit(*writer, group, at(5), joined.lease));

  // The next commit has sent its offsets and is about to end when those of the first come again.
  expect_good(writer->begin_transaction());
  write(*writer, to, "2");
  const auto end_txn = std::to_string(proxy_->tell(kHoldEndTxn));
  writer->submit_commit(group, at(7), joined.lease);
  ASSERT_TRUE(eventually([&] { return proxy_->tell("done " + end_txn) == 1; }));
  deliver_late();
  proxy_->tell("release");
  const auto committed = writer->commit_result(kTimeout);
  ASSERT_TRUE(committed);
  expect_good(*committed);

  EXPECT_EQ(to_int(committed_offset(group, source)), kGuarded ? 7 : 5);
}

}  // namespace
}  // namespace millstream
