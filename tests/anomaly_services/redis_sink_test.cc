#include "redis_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <millstream/core/log.h>

#include "fake_log.h"
#include "redis_rows.h"

namespace anomaly {
namespace {

using millstream::Duration;
using millstream::Error;
using millstream::Result;
using millstream::Timestamp;

/// Answers what it is told; what it isn't told fails.
class ScriptedRedis final : public Redis {
 public:
  using Redis::command;
  Result<RedisReply> command(std::span<const std::string_view> words) override {
    asked.emplace_back(words.begin(), words.end());
    if (answers.empty()) return Error::machine("down");
    auto answer = answers.front();
    answers.pop_front();
    return answer;
  }
  void answer(const std::string& text) {
    answers.emplace_back(RedisReply{.kind = RedisReply::Kind::kText, .text = text});
  }
  void answer_nil() { answers.emplace_back(RedisReply{}); }

  std::vector<std::vector<std::string>> asked;
  std::deque<Result<RedisReply>> answers;
};

class RedisSinkTest : public ::testing::Test {
 protected:
  void step(std::int64_t now) { sink_.step(Timestamp(now)); }
  [[nodiscard]] std::string argument(std::size_t i) const {
    return redis_.asked.back().at(3 + i - 1);
  }

  FakeLog log_{"scores"};
  ScriptedRedis redis_;
  millstream::NullLogger logger_;
  millstream::Metrics metrics_;
  RedisSink sink_{{.keys = {.topic = "scores", .lineage = "L"}, .max_batch = 2},
                  log_,
                  redis_,
                  &decode_row,
                  logger_,
                  metrics_};
};

TEST_F(RedisSinkTest, WaitsLongerAfterEachFailure) {
  for (const std::int64_t expected : {100, 200, 400, 800, 1600, 3200, 5000, 5000}) {
    const Timestamp before = sink_.retry_at() == Timestamp::min() ? Timestamp(0) : sink_.retry_at();
    sink_.step(before);
    EXPECT_EQ(sink_.retry_at() - before, Duration(expected));
  }
  const std::size_t asked = redis_.asked.size();
  sink_.step(sink_.retry_at() - Duration(1));
  EXPECT_EQ(redis_.asked.size(), asked) << "not before its time";
}

TEST_F(RedisSinkTest, GoesOnAtOnceWhenRedisIsBack) {
  log_.append(row("a", 1, 10));
  step(0);
  ASSERT_EQ(sink_.retry_at(), Timestamp(100));

  redis_.answer("0");
  redis_.answer("1");
  step(100);

  EXPECT_EQ(sink_.retry_at(), Timestamp::min());
  EXPECT_TRUE(*sink_.caught_up());
}

TEST_F(RedisSinkTest, SendsTheSameRowsAgainWhileTheOutcomeIsUnknown) {
  log_.append(row("a", 1, 10));
  redis_.answer("0");
  step(0);
  const auto first = redis_.asked.back();

  redis_.answer("1");
  step(100);

  EXPECT_EQ(redis_.asked.back(), first);
  EXPECT_EQ(log_.polled_records(), 1U) << "not read again";
}

TEST_F(RedisSinkTest, BoundsItsScripts) {
  for (int i = 0; i < 5; ++i) log_.append(row("a", i, 10));
  redis_.answer("0");
  redis_.answer("2");
  redis_.answer("4");
  redis_.answer("5");
  step(0);

  EXPECT_EQ(redis_.asked.size(), 4U);
  EXPECT_EQ(argument(5), "4") << "from";
  EXPECT_EQ(argument(6), "5") << "to";
}

TEST_F(RedisSinkTest, GoesBackWhereRedisStands) {
  for (int i = 0; i < 3; ++i) log_.append(row("a", i, 10));
  redis_.answer("0");
  redis_.answer("2");
  redis_.answer_nil();  // An older copy took over: it doesn't know offset 2.
  redis_.answer("1");   // That is what it knows.
  step(0);

  redis_.answer("3");
  step(1);

  EXPECT_EQ(argument(5), "1");
  EXPECT_EQ(argument(6), "3");
  EXPECT_TRUE(*sink_.caught_up());
}

TEST_F(RedisSinkTest, FollowsAnotherInstanceThatIsAhead) {
  for (int i = 0; i < 40; ++i) log_.append(row("a", i, 10));
  redis_.answer("0");
  redis_.answer("30");
  step(0);

  EXPECT_EQ(redis_.asked.size(), 2U) << "what was fetched is dropped";
  for (int i = 0; i < 5; ++i) redis_.answer(std::to_string(32 + 2 * i));
  step(1);
  step(2);

  EXPECT_TRUE(*sink_.caught_up());
  EXPECT_EQ(redis_.asked.size(), 7U);
}

TEST_F(RedisSinkTest, PassesOverWhatCannotBeReadButMovesOn) {
  log_.append("rubbish");
  log_.append("skip");
  redis_.answer("0");
  redis_.answer("2");
  step(0);

  EXPECT_EQ(argument(6), "2");
  EXPECT_EQ(redis_.asked.back().size(), 3U + 12U) << "no rows";
  EXPECT_TRUE(*sink_.caught_up());
}

TEST_F(RedisSinkTest, MakesANewConsumerWhenOneEnds) {
  log_.append(row("a", 1, 10));
  log_.consumer_fails = true;
  redis_.answer("0");
  step(0);
  EXPECT_EQ(sink_.retry_at(), Timestamp(100));

  redis_.answer("0");
  redis_.answer("1");
  step(100);

  EXPECT_TRUE(*sink_.caught_up());
}

}  // namespace
}  // namespace anomaly
