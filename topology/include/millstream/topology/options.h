#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/record.h>
#include <millstream/core/time.h>
#include <millstream/topology/serde_option.h>
#include <millstream/topology/timestamp_extractor.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace millstream {

/// A name for an operator's node, in place of a numbered one. **Source**: Named of Kafka Streams.
struct Named {
  std::string name = {};
};

/// How a topic is read. With nothing but a name and untyped settings, `Consumed{.name = "x"}` does.
/// **Source**: Consumed of Kafka Streams.
template <class K = void, class V = void>
struct Consumed {
  /// The source node's name.
  std::string name = {};
  SerdeOption<K> key_serde = {};
  SerdeOption<V> value_serde = {};
  /// Nothing: default.timestamp.extractor, which is FailOnInvalidTimestamp unless set.
  TimestampExtractor<K, V> timestamp_extractor = {};
  /// Where to begin without a committed offset, `earliest` or `latest`; nothing: auto.offset.reset.
  std::optional<std::string> reset_policy = {};
  /// Wall-clock time without a record after which wall time moves stream time on, so that the last
  /// windows close; nothing: never.
  std::optional<Duration> idle_timeout = {};
};

template <>
struct Consumed<void, void> {
  std::string name = {};
  std::optional<std::string> reset_policy = {};
  std::optional<Duration> idle_timeout = {};

  template <class K, class V>
  operator Consumed<K, V>() const {  // NOLINT(google-explicit-constructor): the untyped options
    return {.name = name, .reset_policy = reset_policy, .idle_timeout = idle_timeout};
  }
};

/// Chooses the partition of a written record, or leaves it to murmur2 of the key.
/// **Thread**: called from every stream thread. **Source**: StreamPartitioner of Kafka Streams.
template <class K, class V>
using StreamPartitioner = std::function<std::optional<PartitionId>(
    std::string_view topic, const K& key, const V& value, PartitionId partition_count)>;

/// Chooses the topic of a written record, which must exist.
/// **Thread**: called from every stream thread. **Source**: TopicNameExtractor of Kafka Streams.
template <class K, class V>
using TopicNameExtractor =
    std::function<std::string(const Record<K, V>& record, const RecordMetadata& origin)>;

/// How a topic is written. **Source**: Produced of Kafka Streams.
template <class K = void, class V = void>
struct Produced {
  /// The sink node's name.
  std::string name = {};
  SerdeOption<K> key_serde = {};
  SerdeOption<V> value_serde = {};
  StreamPartitioner<K, V> partitioner = {};
};

template <>
struct Produced<void, void> {
  std::string name = {};

  template <class K, class V>
  operator Produced<K, V>() const {  // NOLINT(google-explicit-constructor): the untyped options
    return {.name = name};
  }
};

}  // namespace millstream
