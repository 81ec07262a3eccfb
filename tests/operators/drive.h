#pragma once

#include <millstream/core/big_endian.h>
#include <millstream/core/serdes.h>
#include <millstream/core/windowed.h>
#include <millstream/operators/streams_builder.h>
#include <millstream/testing/topology_test_driver.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace millstream::testing {

using Text = std::string;
/// A key or value that may be null.
using MaybeText = std::optional<std::string>;

/// Build what a builder says, or fail with its faults.
inline std::shared_ptr<const BuiltTopology> built(StreamsBuilder& builder,
                                                  const Config& config = {}) {
  auto topology = builder.build(config);
  if (!topology) throw std::invalid_argument(std::string(topology.error().message()));
  return *std::move(topology);
}

/// A driven topology: texts go in, and what comes out is written as `key=value@time`.
class Drive {
 public:
  explicit Drive(StreamsBuilder& builder, const TopologyTestDriverOptions& options = {})
      : driver_(built(builder, options.config), options) {}
  explicit Drive(const Topology& topology) : driver_(*topology.build()) {}

  /// Pipe a record into topic `in`.
  void pipe(MaybeText key, MaybeText value, std::int64_t time = 0) {
    pipe_to("in", std::move(key), std::move(value), time);
  }
  void pipe_to(std::string topic, MaybeText key, MaybeText value, std::int64_t time = 0) {
    driver_.pipe({.topic = std::move(topic),
                  .key = std::move(key),
                  .value = std::move(value),
                  .timestamp = Timestamp(time)});
  }

  /// What is in a topic, and take it: values are texts.
  std::vector<std::string> texts(const std::string& topic = "out") {
    return take(topic, [](const std::string& bytes) { return bytes; });
  }
  /// The same where values are 64-bit integers.
  std::vector<std::string> numbers(const std::string& topic = "out") {
    return take(topic, [](const std::string& bytes) {
      return std::to_string(read_big_endian<std::int64_t>(bytes));
    });
  }

  TopologyTestDriver& driver() { return driver_; }

 private:
  template <class Show>
  std::vector<std::string> take(const std::string& topic, Show show) {
    std::vector<std::string> all;
    while (const auto record = driver_.read_raw(topic)) {
      all.push_back(record->key.value_or("null") + "=" +
                    (record->value ? show(*record->value) : "null") + "@" +
                    std::to_string(record->timestamp.ms()));
    }
    return all;
  }

  TopologyTestDriver driver_;
};

/// The key of a window as text: `key[start,end)`.
inline std::string window_text(const Windowed<std::string>& key) {
  return key.key + "[" + std::to_string(key.window.start.ms()) + "," +
         std::to_string(key.window.end.ms()) + ")";
}

}  // namespace millstream::testing
