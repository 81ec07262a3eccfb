#pragma once

#include <millstream/core/time.h>
#include <millstream/topology/options.h>
#include <millstream/topology/serde_option.h>

#include <map>
#include <optional>
#include <string>

namespace millstream {

/// How a stream is joined with a table. `V`: the stream's values. **Source**: Joined of Kafka
/// Streams.
template <class K = void, class V = void>
struct Joined {
  /// The join's node, and what a repartition topic is named after.
  std::string name = {};
  /// Needed behind a changed key, and with a grace.
  SerdeOption<K, SerdeUse::kMaybe> key_serde = {};
  SerdeOption<V, SerdeUse::kMaybe> value_serde = {};
  /// Versioned tables: how long stream records wait for the rows of their time.
  std::optional<Duration> grace = {};
};

template <>
struct Joined<void, void> {
  std::string name = {};
  std::optional<Duration> grace = {};

  template <class K, class V>
  operator Joined<K, V>() const {  // NOLINT(google-explicit-constructor): the untyped options
    return {.name = name, .grace = grace};
  }
};

/// How two streams are joined. `V`, `VO`: the values of this and of the other stream.
/// **Source**: StreamJoined of Kafka Streams.
template <class K = void, class V = void, class VO = void>
struct StreamJoined {
  /// What the join's nodes and repartition topics are named after.
  std::string name = {};
  /// What its stores are named after.
  std::string store_name = {};
  SerdeOption<K> key_serde = {};
  SerdeOption<V> value_serde = {};
  SerdeOption<VO> other_value_serde = {};
  bool in_memory = false;
  bool logging = true;
  std::map<std::string, std::string> changelog_config = {};
};

template <>
struct StreamJoined<void, void, void> {
  std::string name = {};
  std::string store_name = {};
  bool in_memory = false;
  bool logging = true;
  std::map<std::string, std::string> changelog_config = {};

  template <class K, class V, class VO>
  operator StreamJoined<K, V, VO>() const {  // NOLINT(google-explicit-constructor): untyped options
    return {.name = name,
            .store_name = store_name,
            .in_memory = in_memory,
            .logging = logging,
            .changelog_config = changelog_config};
  }
};

/// How two tables are joined by a foreign key. **Source**: TableJoined of Kafka Streams.
struct TableJoined {
  /// What the join's nodes, topics and store are named after.
  std::string name = {};
};

}  // namespace millstream
