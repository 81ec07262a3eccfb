#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/nullable.h>
#include <millstream/core/time.h>
#include <millstream/operators/type_fwd.h>
#include <millstream/topology/options.h>

#include <map>
#include <optional>
#include <string>

namespace millstream {

namespace detail {
/// What a store is to be, without its types.
struct StoreOptions {
  std::string name;
  bool in_memory = false;
  bool logging = true;
  bool caching = true;
  std::optional<Duration> retention;
  std::optional<Duration> history;
  std::map<std::string, std::string> changelog_config;
};
}  // namespace detail

/// How a table or an aggregation is kept. A name makes it queryable, and makes tables keep what
/// they would otherwise compute when asked. Without types, `Materialized{.name = "store"}` does.
/// **Source**: Materialized of Kafka Streams.
template <class K = void, class V = void, SerdeUse ValueUse = SerdeUse::kCertain>
struct Materialized {
  std::string name = {};
  /// Nothing: that of the stream or table which is kept.
  SerdeOption<K, SerdeUse::kMaybe> key_serde = {};
  SerdeOption<V, ValueUse> value_serde = {};
  /// Memory that only the changelog brings back, in place of RocksDB.
  bool in_memory = false;
  bool logging = true;
  /// Whether updates go downstream once a commit; statestore.cache.max.bytes bounds it.
  bool caching = true;
  /// Windows and sessions: how long rows are kept behind the newest; nothing: size and grace.
  std::optional<Duration> retention = {};
  /// Keep every version of a key for this long: a versioned table.
  std::optional<Duration> history = {};
  std::map<std::string, std::string> changelog_config = {};

  [[nodiscard]] detail::StoreOptions store_options() const {
    return {name, in_memory, logging, caching, retention, history, changelog_config};
  }
  template <SerdeUse Other>
    requires(Other != ValueUse)
  operator Materialized<K, V, Other>() const {  // NOLINT(google-explicit-constructor): the same
    return {.name = name,
            .key_serde = key_serde,
            .value_serde = value_serde,
            .in_memory = in_memory,
            .logging = logging,
            .caching = caching,
            .retention = retention,
            .history = history,
            .changelog_config = changelog_config};
  }
};

template <>
struct Materialized<void, void> {
  std::string name = {};
  bool in_memory = false;
  bool logging = true;
  bool caching = true;
  std::optional<Duration> retention = {};
  std::optional<Duration> history = {};
  std::map<std::string, std::string> changelog_config = {};

  template <class K, class V, SerdeUse Use>
  operator Materialized<K, V, Use>()
      const {  // NOLINT(google-explicit-constructor): the untyped options
    return {.name = name,
            .in_memory = in_memory,
            .logging = logging,
            .caching = caching,
            .retention = retention,
            .history = history,
            .changelog_config = changelog_config};
  }
};

/// How records are grouped: the name of the repartition topic, and its serdes where one is needed.
/// **Source**: Grouped of Kafka Streams.
template <class K = void, class V = void, SerdeUse KeyUse = SerdeUse::kMaybe,
          SerdeUse ValueUse = SerdeUse::kMaybe>
struct Grouped {
  std::string name = {};
  SerdeOption<K, KeyUse> key_serde = {};
  SerdeOption<V, ValueUse> value_serde = {};

  template <SerdeUse Key, SerdeUse Value>
    requires(Key != KeyUse || Value != ValueUse)
  operator Grouped<K, V, Key, Value>() const {  // NOLINT(google-explicit-constructor): the same
    return {.name = name, .key_serde = key_serde, .value_serde = value_serde};
  }
};

template <>
struct Grouped<void, void> {
  std::string name = {};

  template <class K, class V, SerdeUse Key, SerdeUse Value>
  operator Grouped<K, V, Key, Value>()
      const {  // NOLINT(google-explicit-constructor): the untyped options
    return {.name = name};
  }
};

/// How a repartition topic is named, divided and written. **Source**: Repartitioned of Kafka
/// Streams.
template <class K = void, class V = void>
struct Repartitioned {
  std::string name = {};
  SerdeOption<K> key_serde = {};
  SerdeOption<V> value_serde = {};
  /// Nothing: as many as the topics that it is fed from or co-partitioned with.
  std::optional<PartitionId> partitions = {};
  StreamPartitioner<K, V> partitioner = {};
};

template <>
struct Repartitioned<void, void> {
  std::string name = {};
  std::optional<PartitionId> partitions = {};

  template <class K, class V>
  operator Repartitioned<K, V>() const {  // NOLINT(google-explicit-constructor): untyped options
    return {.name = name, .partitions = partitions};
  }
};

}  // namespace millstream
