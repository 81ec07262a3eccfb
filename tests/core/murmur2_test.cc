#include <millstream/core/murmur2.h>

#include <gtest/gtest.h>

namespace millstream {
namespace {

std::int32_t java(std::string_view key) { return static_cast<std::int32_t>(murmur2(key)); }

TEST(Murmur2, EqualsTheJavaClients) {
  EXPECT_EQ(java("21"), -973932308);
  EXPECT_EQ(java("foobar"), -790332482);
  EXPECT_EQ(java("a-little-bit-long-string"), -985981536);
  EXPECT_EQ(java("a-little-bit-longer-string"), -1486304829);
  EXPECT_EQ(java("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
  EXPECT_EQ(java("abc"), 479470107);
}

TEST(PartitionForKey, IgnoresTheSignAsTheJavaClientDoes) {
  EXPECT_EQ(partition_for_key("21", 7), (-973932308 & 0x7fffffff) % 7);
  EXPECT_EQ(partition_for_key("abc", 7), 479470107 % 7);
}

}  // namespace
}  // namespace millstream
