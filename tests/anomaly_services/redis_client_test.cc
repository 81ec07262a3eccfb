#include "redis_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace anomaly {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(RedisOptions, ReadsUrls) {
  const auto plain = RedisOptions::parse("redis://cache");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->address(), "cache:6379");
  EXPECT_EQ(plain->password, "");

  const auto full = RedisOptions::parse("redis://app:p%40ss:w@[::1]:6380/2");
  ASSERT_TRUE(full) << full.error().message();
  EXPECT_EQ(full->user, "app");
  EXPECT_EQ(full->password, "p@ss:w");
  EXPECT_EQ(full->host, "::1");
  EXPECT_EQ(full->address(), "[::1]:6380");
  EXPECT_EQ(full->database, 2);

  EXPECT_EQ(RedisOptions::parse("redis://:secret@h/")->password, "secret");
  EXPECT_EQ(RedisOptions::parse("redis://secret@h")->password, "secret");
}

TEST(RedisOptions, RefusesTlsInsteadOfFallingBack) {
  const auto options = RedisOptions::parse("rediss://:secret@host");

  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().kind(), millstream::ErrorKind::kUser);
  EXPECT_THAT(std::string(options.error().message()), HasSubstr("TLS"));
  EXPECT_THAT(std::string(options.error().message()), Not(HasSubstr("secret")));
}

TEST(RedisOptions, ShowsNoPasswordOfAWrongUrl) {
  for (const char* url :
       {"", "host:6379", "redis://", "redis://u:secret@h:x", "redis://u:secret@h:1/x",
        "redis://u:secret@h:99999", "redis://u:secret@[::1"}) {
    const auto options = RedisOptions::parse(url);
    ASSERT_FALSE(options) << url;
    EXPECT_THAT(std::string(options.error().message()), Not(HasSubstr("secret")));
  }
}

TEST(RedisClient, SaysThatNobodyListens) {
  RedisClient client({.port = 1});

  const auto reply = client.command({"PING"});

  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind(), millstream::ErrorKind::kMachine);
  EXPECT_THAT(std::string(reply.error().message()), HasSubstr("127.0.0.1:1"));
}

}  // namespace
}  // namespace anomaly
