#include "access.h"

#include <gtest/gtest.h>

namespace millstream {
namespace {

TEST(Access, KnowsLoopbackAddresses) {
  for (const char* address : {"127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost", "LocalHost"}) {
    EXPECT_TRUE(is_loopback(address)) << address;
  }
  for (const char* address : {"0.0.0.0", "::", "10.0.0.1", "127.evil.example", "", "localhost.x"}) {
    EXPECT_FALSE(is_loopback(address)) << address;
  }
}

TEST(Access, ReadsTheHostHeader) {
  for (const char* host : {"localhost", "localhost:80", "127.0.0.1:9464", "[::1]:9464", "[::1]"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const char* host : {"", "example.com:80", "127.0.0.1.example.com", "evil:localhost"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

TEST(Access, ReadsBearerTokens) {
  EXPECT_EQ(bearer_token("Bearer abc"), "abc");
  EXPECT_EQ(bearer_token("bearer   abc  "), "abc");
  EXPECT_EQ(bearer_token("Basic abc"), "");
  EXPECT_EQ(bearer_token("Bearer "), "");
  EXPECT_EQ(bearer_token("Bearer    "), "");
}

TEST(Access, ComparesTokens) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace millstream
