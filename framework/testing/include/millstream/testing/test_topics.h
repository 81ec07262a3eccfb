#pragma once

#include <millstream/core/headers.h>
#include <millstream/core/time.h>
#include <millstream/testing/test_record.h>
#include <millstream/testing/type_fwd.h>
#include <millstream/topology/serde_option.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace millstream {

/// How records are piped in; records without a timestamp of their own begin at `start`, each
/// `advance` after the one before.
template <class K, class V>
struct TestInputOptions {
  SerdeOption<K> key_serde = {};
  SerdeOption<V> value_serde = {};
  Timestamp start{0};
  Duration advance{0};
};

/// Pipes typed records into a topic. **Lifetime**: ends before its driver.
/// **Source**: TestInputTopic of Kafka Streams.
template <class K, class V>
class TestInputTopic {
 public:
  TestInputTopic(TopologyTestDriver& driver, std::string topic, TestInputOptions<K, V> options)
      : driver_(&driver),
        topic_(std::move(topic)),
        key_serde_(options.key_serde.resolve()),
        value_serde_(options.value_serde.resolve()),
        next_time_(options.start),
        advance_(options.advance) {}

  void pipe_input(const K& key, const V& value) {
    pipe_input(key, value, next_time_);
    next_time_ = next_time_ + advance_;
  }
  void pipe_input(const K& key, const V& value, Timestamp timestamp, const Headers& headers = {});
  void pipe_input(const TestRecord<K, V>& record) {
    pipe_input(record.key, record.value, record.timestamp, record.headers);
  }
  void pipe_input_list(const std::vector<TestRecord<K, V>>& records) {
    for (const auto& record : records) pipe_input(record);
  }
  /// Move the time of the next record that brings none.
  void advance_time(Duration by) { next_time_ = next_time_ + by; }

 private:
  TopologyTestDriver* driver_;
  std::string topic_;
  std::optional<Serde<detail::SerdeTarget<K>>> key_serde_;
  std::optional<Serde<detail::SerdeTarget<V>>> value_serde_;
  Timestamp next_time_;
  Duration advance_;
};

/// Reads what was written to a topic, in order. **Lifetime**: ends before its driver.
/// **Errors**: std::out_of_range when there is no record left; std::runtime_error when its bytes
/// are no such key or value. **Source**: TestOutputTopic of Kafka Streams.
template <class K, class V>
class TestOutputTopic {
 public:
  TestOutputTopic(TopologyTestDriver& driver, std::string topic, const SerdeOption<K>& key_serde,
                  const SerdeOption<V>& value_serde)
      : driver_(&driver),
        topic_(std::move(topic)),
        key_serde_(key_serde.resolve()),
        value_serde_(value_serde.resolve()) {}

  [[nodiscard]] TestRecord<K, V> read_record();
  [[nodiscard]] V read_value() { return read_record().value; }
  [[nodiscard]] std::pair<K, V> read_key_value();
  /// All records that are left.
  [[nodiscard]] std::vector<TestRecord<K, V>> read_records();
  /// All keys and values that are left.
  [[nodiscard]] std::vector<std::pair<K, V>> read_key_values();
  [[nodiscard]] bool is_empty() const { return queue_size() == 0; }
  [[nodiscard]] std::size_t queue_size() const;

 private:
  TopologyTestDriver* driver_;
  std::string topic_;
  std::optional<Serde<detail::SerdeTarget<K>>> key_serde_;
  std::optional<Serde<detail::SerdeTarget<V>>> value_serde_;
};

}  // namespace millstream
