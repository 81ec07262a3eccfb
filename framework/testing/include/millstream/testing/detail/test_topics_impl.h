#pragma once

#include <millstream/testing/topology_test_driver.h>
#include <millstream/topology/detail/edge_codec.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace millstream {

namespace detail {

/// Throw std::runtime_error for what a serde didn't like.
void require_test_bytes(const Status& status, std::string_view topic);
/// Throw std::out_of_range: nothing is left in a topic.
[[noreturn]] void fail_on_empty_topic(std::string_view topic);
/// Throw std::invalid_argument: a windowed key's serde has to be given.
[[noreturn]] void fail_on_missing_serde(std::string_view topic);

template <class T>
const Serde<SerdeTarget<T>>& test_serde(const std::optional<Serde<SerdeTarget<T>>>& serde,
                                        std::string_view topic) {
  if (!serde) fail_on_missing_serde(topic);
  return *serde;
}

template <class T>
std::optional<std::string> test_bytes(const T& value,
                                      const std::optional<Serde<SerdeTarget<T>>>& serde,
                                      std::string_view topic) {
  std::string buffer;
  std::optional<std::string_view> bytes;
  require_test_bytes(write_edge(value, test_serde<T>(serde, topic), buffer, bytes), topic);
  return bytes ? std::optional<std::string>(std::move(buffer)) : std::nullopt;
}

template <class T>
T test_value(const std::optional<std::string>& bytes,
             const std::optional<Serde<SerdeTarget<T>>>& serde, std::string_view topic) {
  EdgeSlot<T> slot;
  std::optional<std::string_view> view;
  if (bytes) view = *bytes;
  require_test_bytes(slot.read(view, test_serde<T>(serde, topic)), topic);
  return slot.get();
}

}  // namespace detail

template <class K, class V>
void TestInputTopic<K, V>::pipe_input(const K& key, const V& value, Timestamp timestamp,
                                      const Headers& headers) {
  driver_->pipe({.topic = topic_,
                 .key = detail::test_bytes<K>(key, key_serde_, topic_),
                 .value = detail::test_bytes<V>(value, value_serde_, topic_),
                 .timestamp = timestamp,
                 .headers = headers});
}

template <class K, class V>
TestRecord<K, V> TestOutputTopic<K, V>::read_record() {
  auto raw = driver_->read_raw(topic_);
  if (!raw) detail::fail_on_empty_topic(topic_);
  return {detail::test_value<K>(raw->key, key_serde_, topic_),
          detail::test_value<V>(raw->value, value_serde_, topic_), raw->timestamp,
          std::move(raw->headers)};
}

template <class K, class V>
std::pair<K, V> TestOutputTopic<K, V>::read_key_value() {
  auto record = read_record();
  return {std::move(record.key), std::move(record.value)};
}

template <class K, class V>
std::vector<TestRecord<K, V>> TestOutputTopic<K, V>::read_records() {
  std::vector<TestRecord<K, V>> records;
  while (!is_empty()) records.push_back(read_record());
  return records;
}

template <class K, class V>
std::vector<std::pair<K, V>> TestOutputTopic<K, V>::read_key_values() {
  std::vector<std::pair<K, V>> pairs;
  while (!is_empty()) pairs.push_back(read_key_value());
  return pairs;
}

template <class K, class V>
std::size_t TestOutputTopic<K, V>::queue_size() const {
  return driver_->queue_size(topic_);
}

}  // namespace millstream
