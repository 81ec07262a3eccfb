#include "redis_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <millstream/core/log.h>

#include <random>

#include "fake_log.h"
#include "redis_rows.h"
#include "redis_server.h"
#include "redis_stream_reader.h"

namespace anomaly {
namespace {

using millstream::Duration;
using millstream::Error;
using millstream::Offset;
using millstream::Result;
using millstream::Timestamp;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Loses commands or their replies as told: the two ways in which a connection breaks.
class FlakyRedis final : public Redis {
 public:
  explicit FlakyRedis(Redis& real) : real_(real) {}
  using Redis::command;
  Result<RedisReply> command(std::span<const std::string_view> words) override {
    const auto dice = random_() % 100;
    if (dice < lose_command) return Error::machine("lost before");
    auto reply = real_.command(words);
    if (dice < lose_command + lose_reply) return Error::machine("lost after");
    return reply;
  }
  unsigned lose_command = 0;
  unsigned lose_reply = 0;

 private:
  Redis& real_;
  std::mt19937 random_{4711};
};

class RedisSinkIntegration : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.is_up()) << "redis-server doesn't start"; }

  [[nodiscard]] RedisSink::Options options() const {
    return {.keys = {.topic = "scores",
                     .lineage = lineage_,
                     .keep_stream = true,
                     .channel = "anomaly:alerts",
                     .recent = 10},
            .max_batch = 7};
  }
  RedisSink make_sink(Redis& redis) {
    return {options(), log_, redis, &decode_row, logger_, metrics_};
  }
  /// Step until Redis has everything; time jumps to the next attempt.
  void drain(RedisSink& sink) {
    for (int i = 0; i < 20'000; ++i) {
      now_ = std::max(now_, sink.retry_at());
      sink.step(now_);
      const auto done = sink.caught_up();
      ASSERT_TRUE(done);
      if (*done) return;
    }
    FAIL() << "it doesn't catch up";
  }
  void append(int count) {
    for (int i = 0; i < count; ++i, ++appended_) {
      const std::string series = "s" + std::to_string(appended_ % 3);
      log_.append(row(series, 1000 + appended_, appended_ * 37 % 100), appended_ % 3 % 2,
                  appended_ % 11 == 0 ? 1 : 0);
    }
  }
  std::string ask(std::initializer_list<std::string_view> words) {
    const auto reply = client_.command(words);
    if (!reply) return "error: " + std::string(reply.error().message());
    return reply->kind == RedisReply::Kind::kInteger ? std::to_string(reply->integer) : reply->text;
  }
  std::vector<std::string> list(std::initializer_list<std::string_view> words) {
    const auto reply = client_.command(words);
    std::vector<std::string> out;
    if (reply) {
      for (const RedisReply& element : reply->elements) out.push_back(element.text);
    }
    return out;
  }
  /// All that the sink has written, but for what differs by nature (the marks' owner).
  std::string content() {
    std::string out;
    for (const char* series : {"s0", "s1", "s2"}) {
      for (const std::string& one :
           list({"LRANGE", "anomaly:recent:" + std::string(series), "0", "-1"}))
        out += one + "\n";
      auto scores = list({"HGETALL", "anomaly:scores:" + std::string(series)});
      std::sort(scores.begin(), scores.end());
      for (const std::string& one : scores) out += one + " ";
      for (const char* field : {"timestamp", "value", "score", "anomaly", "partition", "offset",
                                "records", "anomalies", "last_anomaly"}) {
        out += ask({"HGET", "anomaly:state:" + std::string(series), field}) + " ";
      }
      out += "\n";
    }
    RedisStreamReader reader(client_, "anomaly:", "scores");
    for (const int partition : {0, 1}) {
      const auto entries = reader.read(partition, Offset{0}, 100'000);
      EXPECT_TRUE(entries);
      for (const auto& entry : *entries) {
        out += std::to_string(millstream::to_int(entry.offset)) + entry.series +
               std::to_string(entry.timestamp.ms()) + entry.json + "\n";
      }
      out += ask({"HGET", "anomaly:mark:scores:" + std::to_string(partition), "next"}) + "\n";
    }
    return out;
  }
  /// What an undisturbed sink writes into an empty Redis.
  std::string undisturbed_content() {
    ask({"FLUSHALL"});
    RedisSink sink = make_sink(client_);
    drain(sink);
    return content();
  }

  RedisServer server_;
  RedisClient client_{server_.options()};
  FakeLog log_{"scores", 2};
  std::string lineage_ = "L1";
  int appended_ = 0;
  Timestamp now_{1};
  millstream::NullLogger logger_;
  millstream::Metrics metrics_;
};

TEST_F(RedisSinkIntegration, WritesSeriesStreamAndMark) {
  log_.append(row("a", 1000, 10));
  log_.append(row("a", 2000, 70));
  log_.append("skip");
  RedisSink sink = make_sink(client_);
  drain(sink);

  EXPECT_THAT(list({"LRANGE", "anomaly:recent:a", "0", "-1"}),
              ElementsAre("{\"timestamp\":2000,\"value\":70,\"score\":0.7,\"anomaly\":true}",
                          "{\"timestamp\":1000,\"value\":10,\"score\":0.1,\"anomaly\":false}"));
  EXPECT_EQ(ask({"HGET", "anomaly:scores:a", "1000"}), "0.1");
  EXPECT_EQ(ask({"HGET", "anomaly:state:a", "value"}), "70");
  EXPECT_EQ(ask({"HGET", "anomaly:state:a", "anomalies"}), "1");
  EXPECT_THAT(list({"SMEMBERS", "anomaly:series"}), ElementsAre("a"));
  EXPECT_EQ(ask({"HGET", "anomaly:mark:scores:0", "next"}), "3");
  RedisStreamReader reader(client_, "anomaly:", "scores");
  const auto entries = reader.read(0, Offset{1}, 10);
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 1U);
  EXPECT_EQ((*entries)[0].offset, Offset{1});
  EXPECT_EQ((*entries)[0].json, "{\"row\":\"a 2000 70\"}");
  EXPECT_THAT(*reader.partitions(), ElementsAre(0, 1));
}

TEST_F(RedisSinkIntegration, BoundsWhatItKeepsOfASeries) {
  for (int i = 0; i < 25; ++i) log_.append(row("a", i, i));
  RedisSink sink = make_sink(client_);
  drain(sink);

  EXPECT_EQ(ask({"LLEN", "anomaly:recent:a"}), "10");
  EXPECT_EQ(ask({"HLEN", "anomaly:scores:a"}), "10");
  EXPECT_EQ(ask({"HGET", "anomaly:scores:a", "15"}), "0.15");
  EXPECT_EQ(ask({"HGET", "anomaly:state:a", "records"}), "25");
}

TEST_F(RedisSinkIntegration, PublishesEachRecordOnce) {
  RedisSubscription subscription(server_.options(), "anomaly:alerts");
  ASSERT_TRUE(*subscription.wait(Duration(0)));
  append(20);
  RedisSink sink = make_sink(client_);
  drain(sink);
  RedisSink again = make_sink(client_);
  drain(again);

  int messages = 0;
  while (*subscription.wait(Duration(200))) ++messages;
  EXPECT_EQ(messages, 20);
}

TEST_F(RedisSinkIntegration, ChangesNothingInAReplay) {
  append(100);
  RedisSink sink = make_sink(client_);
  drain(sink);
  const std::string before = content();

  RedisSinkScript script(client_, options().keys);
  const std::vector<SinkRow> rows{{.offset = Offset{3}, .series = "s0", .timestamp = Timestamp(1)}};
  const auto replayed = script.apply(0, Offset{0}, {.next = Offset{4}, .last = "x"}, rows);
  RedisSink restarted = make_sink(client_);
  drain(restarted);

  ASSERT_TRUE(replayed);
  EXPECT_EQ(content(), before);
  EXPECT_EQ(content(), undisturbed_content());
}

TEST_F(RedisSinkIntegration, LosesAndDoublesNothingWhenConnectionsBreak) {
  append(500);
  FlakyRedis flaky(client_);
  flaky.lose_command = flaky.lose_reply = 20;
  RedisSink one = make_sink(flaky);
  RedisSink two = make_sink(flaky);
  for (int i = 0; i < 200; ++i) {
    now_ = now_ + Duration(100);
    one.step(now_);
    two.step(now_);
    if (i % 10 == 0) append(10);
  }
  drain(one);
  drain(two);

  const std::string disturbed = content();
  EXPECT_EQ(disturbed, undisturbed_content());
}

TEST_F(RedisSinkIntegration, CatchesUpAfterAFlush) {
  append(200);
  RedisSink sink = make_sink(client_);
  drain(sink);
  ask({"FLUSHALL"});
  append(50);
  drain(sink);

  const std::string healed = content();
  EXPECT_EQ(healed, undisturbed_content());
}

TEST_F(RedisSinkIntegration, NoticesAFlushThoughNothingComes) {
  append(20);
  RedisSink sink = make_sink(client_);
  drain(sink);
  const std::string before = content();
  ask({"FLUSHALL"});
  now_ = now_ + Duration(2'000);
  drain(sink);

  EXPECT_EQ(content(), before);
}

TEST_F(RedisSinkIntegration, CatchesUpAfterAKill) {
  append(200);
  RedisSink sink = make_sink(client_);
  for (int i = 0; i < 3; ++i) sink.step(now_);
  server_.kill();
  append(100);
  for (int i = 0; i < 5; ++i) {
    now_ = std::max(now_, sink.retry_at());
    sink.step(now_);
    EXPECT_GT(sink.retry_at(), now_);
  }
  server_.start();
  drain(sink);

  const std::string healed = content();
  EXPECT_EQ(healed, undisturbed_content());
}

TEST_F(RedisSinkIntegration, IsPatientWithASlowRedis) {
  append(100);
  RedisOptions impatient = server_.options();
  impatient.command_timeout = Duration(50);
  RedisClient client(impatient);
  RedisSink sink = make_sink(client);
  sink.step(now_);
  server_.stop();
  append(100);
  now_ = now_ + Duration(1);
  sink.step(now_);
  EXPECT_GT(sink.retry_at(), now_) << "the time-out is a failure";
  server_.go_on();
  drain(sink);

  const std::string healed = content();
  EXPECT_EQ(healed, undisturbed_content());
}

TEST_F(RedisSinkIntegration, BeginsAnewForATopicOfAnotherLineage) {
  append(30);
  RedisSink sink = make_sink(client_);
  drain(sink);
  log_.clear(0);
  log_.clear(1);
  lineage_ = "L2";
  append(12);
  RedisSink other = make_sink(client_);
  drain(other);

  const std::string anew = content();
  EXPECT_EQ(anew, undisturbed_content());
}

TEST_F(RedisSinkIntegration, BeginsAnewWhenTheTopicLostItsTail) {
  append(30);
  RedisSink sink = make_sink(client_);
  drain(sink);
  log_.clear(0);
  log_.clear(1);
  append(6);
  RedisSink restarted = make_sink(client_);
  drain(restarted);

  const std::string anew = content();
  EXPECT_EQ(anew, undisturbed_content());
}

TEST_F(RedisSinkIntegration, BeginsAnewWhenTheTopicWasMadeAgainThoughItIsLonger) {
  append(30);
  RedisSink sink = make_sink(client_);
  drain(sink);
  log_.clear(0);
  log_.clear(1);
  appended_ = 1000;
  append(80);
  RedisSink restarted = make_sink(client_);
  drain(restarted);

  const std::string anew = content();
  EXPECT_EQ(anew, undisturbed_content());
}

TEST_F(RedisSinkIntegration, BeginsAnewOnceWhenTwoInstancesNoticeIt) {
  append(30);
  RedisSink sink = make_sink(client_);
  drain(sink);
  log_.clear(0);
  log_.clear(1);
  appended_ = 1000;
  append(80);
  RedisSubscription subscription(server_.options(), "anomaly:alerts");
  ASSERT_TRUE(*subscription.wait(Duration(0)));
  RedisSink one = make_sink(client_);
  RedisSink two = make_sink(client_);
  for (int i = 0; i < 100; ++i) {
    now_ = now_ + Duration(1);
    one.step(now_);
    two.step(now_);
  }

  int messages = 0;
  while (*subscription.wait(Duration(200))) ++messages;
  EXPECT_EQ(messages, 80);
  const std::string anew = content();
  EXPECT_EQ(anew, undisturbed_content());
}

TEST_F(RedisSinkIntegration, TakesUpPartitionsThatAreAdded) {
  append(10);
  RedisSink sink = make_sink(client_);
  drain(sink);
  log_.add_partition();
  log_.append(row("new", 1, 10), 2);
  now_ = now_ + Duration(10'000);
  drain(sink);

  EXPECT_EQ(ask({"HGET", "anomaly:state:new", "records"}), "1");
  EXPECT_EQ(ask({"HGET", "anomaly:mark:scores:2", "next"}), "1");
}

TEST_F(RedisSinkIntegration, GoesOnBehindDeletedRecords) {
  append(40);
  RedisSink sink = make_sink(client_);
  sink.step(now_);
  append(40);
  log_.delete_before(30, 0);
  RedisSink restarted = make_sink(client_);
  drain(restarted);
  ask({"FLUSHALL"});
  now_ = now_ + Duration(2'000);
  drain(restarted);

  const std::string here = content();
  EXPECT_EQ(here, undisturbed_content());
}

TEST_F(RedisSinkIntegration, TouchesNothingWhenAKeyBelongsToSomebodyElse) {
  append(9);
  ask({"SET", "anomaly:recent:s2", "mine"});
  RedisSink sink = make_sink(client_);
  sink.step(now_);

  EXPECT_GT(sink.retry_at(), now_);
  EXPECT_EQ(ask({"HGET", "anomaly:mark:scores:0", "next"}), "0");
  EXPECT_EQ(ask({"EXISTS", "anomaly:recent:s0"}), "0");
  RedisSinkScript script(client_, options().keys);
  const std::vector<SinkRow> rows{{.offset = Offset{0}, .series = "s2"}};
  const auto refused = script.apply(0, Offset{0}, {.next = Offset{1}, .last = "x"}, rows);
  ASSERT_FALSE(refused);
  EXPECT_THAT(std::string(refused.error().message()), HasSubstr("anomaly:recent:s2"));

  ask({"DEL", "anomaly:recent:s2"});
  drain(sink);
  EXPECT_EQ(ask({"HGET", "anomaly:state:s2", "records"}), "3");
}

TEST_F(RedisSinkIntegration, LeavesReadersOfTheStreamAWayToRefill) {
  RedisSubscription subscription(server_.options(), "anomaly:alerts");
  ASSERT_TRUE(*subscription.wait(Duration(0)));
  EXPECT_FALSE(*subscription.wait(Duration(10)));
  append(1);
  RedisSink sink = make_sink(client_);
  drain(sink);
  EXPECT_TRUE(*subscription.wait(Duration(5'000)));

  server_.kill();
  while (subscription.wait(Duration(10))) {
  }
  server_.start();
  EXPECT_TRUE(*subscription.wait(Duration(10))) << "something may have been missed";
}

TEST(RedisAuth, GivesUserAndPassword) {
  const RedisServer open;
  RedisClient admin(open.options());
  ASSERT_TRUE(admin.command({"ACL", "SETUSER", "app", "on", ">s3cret", "~*", "&*", "+@all"}));
  ASSERT_TRUE(admin.command({"CONFIG", "SET", "requirepass", "default-password"}));

  RedisOptions options = open.options();
  RedisClient nobody(options);
  const auto unknown = nobody.command({"PING"});
  ASSERT_FALSE(unknown);
  EXPECT_THAT(std::string(unknown.error().message()), HasSubstr("wants a password"));

  options.user = "app";
  options.password = "wrong-one";
  const auto wrong = RedisClient(options).command({"PING"});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind(), millstream::ErrorKind::kUser);
  EXPECT_EQ(std::string(wrong.error().message()).find("wrong-one"), std::string::npos);

  options.password = "s3cret";
  EXPECT_EQ(RedisClient(options).command({"PING"})->text, "PONG");
  options.user.clear();
  options.password = "default-password";
  EXPECT_EQ(RedisClient(options).command({"PING"})->text, "PONG");
}

}  // namespace
}  // namespace anomaly
