#pragma once

#include <millstream/core/time.h>

#include <map>
#include <string>

namespace millstream {

/// How a store lays out its keys, and so what its changelog's records look like.
enum class StoreKind {
  kKeyValue,             ///< Plain values. Changelog: key → value.
  kTimestampedKeyValue,  ///< Values behind their 8-byte timestamp. Changelog: key → value, record
                         ///< time.
  kWindow,               ///< Plain values by (key, window start).
  kTimestampedWindow,    ///< Timestamped values by (key, window start).
  kSession,              ///< Plain values by (key, session end, session start).
  kVersioned,  ///< Every version of a key by its time. Changelog: key → value, record time.
};

/// What a store is, said once in the topology; each task makes its own store from it.
/// **Source**: StoreBuilder of Kafka Streams.
struct StoreSpec {
  std::string name;
  StoreKind kind = StoreKind::kKeyValue;
  /// RocksDB beside the offsets, or memory that only the changelog brings back.
  bool persistent = true;
  bool logging = true;
  /// Updates go downstream once a commit instead of each (statestore.cache.max.bytes bounds it).
  bool caching = false;
  /// Window stores: the size that the windows have, for reading keys back.
  Duration window_size{};
  /// Windows and sessions: how long rows are kept behind the newest one. Versioned: the history.
  Duration retention{};
  /// Window stores of joins: several rows may share key and time.
  bool retain_duplicates = false;
  /// Window and session stores: also find rows of all keys by time alone (`fetch_by_time`,
  /// `find_by_end`) without walking whole segments, as emission on window close does. Costs a small
  /// second row for each row.
  bool time_index = false;
  /// Settings of the changelog topic over the defaults.
  std::map<std::string, std::string> changelog_config;
  /// The topic that is the changelog where it is not `<application.id>-<name>-changelog`: a reused
  /// source topic.
  std::string changelog_topic;
};

}  // namespace millstream
