#define main page_views_main
#include "../../examples/page_views.cpp"  // NOLINT(bugprone-suspicious-include): the example itself
#undef main

#include <millstream/testing/topology_test_driver.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millstream {
namespace {

using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(PageViewsExample, CountsTheViewsOfEachRegionAndMinuteOnce) {
  StreamsBuilder builder;
  page_views(builder);
  TopologyTestDriver driver(*builder.build());
  auto users = driver.create_input_topic<std::string, std::string>("users");
  auto views = driver.create_input_topic<std::string, std::string>("views");
  auto counts = driver.create_output_topic<std::string, std::int64_t>("views-by-region");

  users.pipe_input("eva", "asia");
  users.pipe_input("max", "europe");
  for (const char* user : {"eva", "max", "eva", "somebody"}) {
    views.pipe_input(user, "home", Timestamp(1'000));
  }
  EXPECT_THAT(counts.read_key_values(), IsEmpty());
  views.pipe_input("eva", "home", Timestamp(65'000));

  EXPECT_THAT(counts.read_key_values(),
              UnorderedElementsAre(Pair("asia@0", 2), Pair("europe@0", 1), Pair("unknown@0", 1)));
}

TEST(PageViewsExample, EndsTheLastMinuteWhenNobodyLooks) {
  StreamsBuilder builder;
  page_views(builder);
  TopologyTestDriver driver(*builder.build());
  auto views = driver.create_input_topic<std::string, std::string>("views");
  auto counts = driver.create_output_topic<std::string, std::int64_t>("views-by-region");

  views.pipe_input("eva", "home", Timestamp(1'000));
  driver.advance_wall_clock_time(Duration(100'000));

  EXPECT_THAT(counts.read_key_values(), UnorderedElementsAre(Pair("unknown@0", 1)));
}

}  // namespace
}  // namespace millstream
