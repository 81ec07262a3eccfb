#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <millstream/transport/open_broker.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace millstream {

/// A record, copied out of its batch.
struct Seen {
  std::int64_t offset;
  std::int64_t timestamp;
  std::optional<std::string> key;
  std::optional<std::string> value;
  Headers headers;
};

/// Keeps the lines at warning and above, for tests of what is told.
class CollectingLogger final : public Logger {
 public:
  void log(LogLevel level, std::string_view event, std::span<const LogField> fields) override {
    const std::scoped_lock lock(mutex_);
    lines_.push_back(to_logfmt(level, event, fields));
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// A broker at KAFKA_BOOTSTRAP (tests/support/services.py), and names of topics and groups that no
/// other test, nor another run on the same Kafka, uses.
class KafkaTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* bootstrap = std::getenv("KAFKA_BOOTSTRAP");
    if (bootstrap == nullptr) {
      GTEST_SKIP() << "no KAFKA_BOOTSTRAP; run by python3 tests/support/services.py kafka -- ...";
    }
    bootstrap_ = bootstrap;
    broker_ = open({});
    ASSERT_NE(broker_, nullptr);
  }

  std::unique_ptr<Broker> open(Config config) {
    config.set("bootstrap.servers", bootstrap_);
    auto opened = open_broker(config, clock_, logger_);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message());
    return opened ? std::move(*opened) : nullptr;
  }

  /// A name of this test's own.
  [[nodiscard]] std::string named(const std::string& what) const {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    return std::string(test->name()) + "-" + what + "-" + std::to_string(run_);
  }

  std::string make_topic(const std::string& what, PartitionId partitions = 1,
                         std::map<std::string, std::string> config = {}) {
    const NewTopic topic{
        .name = named(what), .partitions = partitions, .config = std::move(config)};
    const Status made = broker_->admin().create_topics(std::span(&topic, 1));
    EXPECT_TRUE(made) << made.error().message();
    return topic.name;
  }

  std::unique_ptr<Producer> producer(const std::string& transactional_id = {}) {
    auto made = broker_->make_producer({.client_id = "test", .transactional_id = transactional_id});
    EXPECT_TRUE(made);
    auto producer = std::move(*made);
    expect_good(producer->init_transactions());
    return producer;
  }

  std::unique_ptr<Consumer> consumer(const TopicPartition& partition, std::int64_t offset = 0,
                                     Isolation isolation = Isolation::kReadCommitted) {
    auto made = broker_->make_consumer({.client_id = "test", .isolation = isolation});
    EXPECT_TRUE(made);
    const PartitionPosition from{partition, Offset{offset}};
    EXPECT_TRUE((*made)->assign(std::span(&from, 1)));
    return std::move(*made);
  }

  std::unique_ptr<Membership> join(const std::string& group, const std::string& topic,
                                   Broker* broker = nullptr) {
    auto made = (broker == nullptr ? *broker_ : *broker)
                    .join({.group = group,
                           .coordination_topic = topic,
                           .client_id = "test",
                           .session_timeout = Duration(10'000)});
    EXPECT_TRUE(made);
    return std::move(*made);
  }

  static void expect_good(const ProducerStatus& status) {
    EXPECT_TRUE(status) << status.error.message();
  }

  static void write(Producer& producer, const TopicPartition& to, const std::string& value) {
    expect_good(producer.produce({.topic = to.topic,
                                  .partition = to.partition,
                                  .key = "k",
                                  .value = value,
                                  .timestamp = Timestamp(1'000)}));
  }

  static ProducerStatus commit(Producer& producer, const std::string& group = {},
                               const OffsetsByPartition& offsets = {}, const Lease& lease = {}) {
    producer.submit_commit(group, offsets, lease);
    auto result = producer.commit_result(Duration(30'000));
    EXPECT_TRUE(result.has_value());
    return result.value_or(ProducerStatus{ProducerFault::kFatal, Error::machine("no result")});
  }

  /// Poll until `done` or the deadline; false then.
  bool eventually(const std::function<bool()>& done, Duration patience = Duration(20'000)) {
    const auto end = clock_.monotonic() + patience;
    while (!done()) {
      if (clock_.monotonic() > end) return false;
    }
    return true;
  }

  std::vector<Seen> read(Consumer& consumer, std::size_t count) {
    std::vector<Seen> seen;
    EXPECT_TRUE(eventually([&] {
      read_once(consumer, seen);
      return seen.size() >= count;
    })) << "got "
        << seen.size() << " records of " << count;
    return seen;
  }

  static void read_once(Consumer& consumer, std::vector<Seen>& seen) {
    const auto batches = consumer.poll(100, Duration(50));
    ASSERT_TRUE(batches) << batches.error().message();
    for (const auto& batch : *batches) {
      for (std::size_t i = 0; i < batch->records().size(); ++i) {
        const FetchedRecord& record = batch->records()[i];
        seen.push_back({to_int(record.offset), record.timestamp.ms(),
                        record.key ? std::optional<std::string>(*record.key) : std::nullopt,
                        record.value ? std::optional<std::string>(*record.value) : std::nullopt,
                        batch->headers(i)});
      }
    }
  }

  /// The next event of a member, while others are polled along.
  MembershipEvent next_event(Membership& member, const std::vector<Membership*>& others = {}) {
    MembershipEvent event;
    EXPECT_TRUE(eventually([&] {
      for (Membership* other : others) static_cast<void>(other->poll(Duration(10)));
      const auto events = member.poll(Duration(20));
      if (!events || events->empty()) return false;
      event = events->front();
      return true;
    })) << "no event";
    return event;
  }

  Offset end(const TopicPartition& partition, Isolation isolation) {
    const auto ends = broker_->admin().end_offsets(std::span(&partition, 1), isolation);
    EXPECT_TRUE(ends);
    return ends ? ends->at(partition) : Offset::kNone;
  }

  SystemClock clock_;
  CollectingLogger logger_;
  std::string bootstrap_;
  std::int64_t run_ = clock_.now().ms();
  std::unique_ptr<Broker> broker_;
};

}  // namespace millstream
