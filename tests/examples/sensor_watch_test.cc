#define main sensor_watch_main
#include "../../examples/sensor_watch.cpp"  // NOLINT(bugprone-suspicious-include): the example itself
#undef main

#include <millstream/testing/topology_test_driver.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millstream {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(SensorWatchExample, TellsOfEachSilenceOnce) {
  StreamsBuilder builder;
  sensor_watch(builder);
  TopologyTestDriver driver(*builder.build());
  auto readings = driver.create_input_topic<std::string, std::string>("readings");
  auto alarms = driver.create_output_topic<std::string, std::string>("alarms");

  readings.pipe_input("cellar", "21");
  readings.pipe_input("roof", "4");
  driver.advance_wall_clock_time(Duration(30'000));
  readings.pipe_input("roof", "5");
  driver.advance_wall_clock_time(Duration(30'000));
  EXPECT_THAT(alarms.read_key_values(), ElementsAre(Pair("cellar", "silent for a minute")));

  driver.advance_wall_clock_time(Duration(10'000));
  EXPECT_THAT(alarms.read_key_values(), IsEmpty());
}

}  // namespace
}  // namespace millstream
