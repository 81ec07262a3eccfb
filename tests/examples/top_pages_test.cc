#define main top_pages_main
#include "../../examples/top_pages.cpp"  // NOLINT(bugprone-suspicious-include): the example itself
#undef main

#include <millstream/testing/topology_test_driver.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millstream {
namespace {

constexpr std::int64_t kHour = 3'600'000;

/// What the example has written last for each hour.
std::map<std::int64_t, std::string> tops_of(TopologyTestDriver& driver) {
  std::map<std::int64_t, std::string> tops;
  auto out = driver.create_output_topic<std::int64_t, std::string>("top-pages");
  for (const auto& [hour, top] : out.read_key_values()) tops[hour] = top;
  return tops;
}

TEST(TopPagesExample, RanksThePagesOfEachHour) {
  StreamsBuilder builder;
  top_pages(builder);
  TopologyTestDriver driver(*builder.build());
  auto views = driver.create_input_topic<std::string, std::string>("views");

  for (const char* page : {"a", "b", "c", "d", "d", "d", "c", "c", "c", "b"}) {
    views.pipe_input("eva", page, Timestamp(1));
  }
  views.pipe_input("eva", "a", Timestamp(kHour));

  const auto tops = tops_of(driver);
  EXPECT_EQ(tops.at(0), R"(["c","d","b"])");
  EXPECT_EQ(tops.at(kHour), R"(["a"])");
}

}  // namespace
}  // namespace millstream
