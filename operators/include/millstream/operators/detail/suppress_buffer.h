#pragma once

#include <millstream/core/headers.h>
#include <millstream/core/record.h>
#include <millstream/core/time.h>
#include <millstream/state/byte_store.h>

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace millstream::detail {

/// An update that is held back, in bytes.
struct SuppressedUpdate {
  std::optional<std::string_view> old_value;
  std::optional<std::string_view> new_value;
  Timestamp timestamp;
};

/// An update that leaves the buffer. **Lifetime**: views until the buffer changes or is read again.
struct EvictedUpdate {
  std::string_view key;
  std::optional<std::string_view> prior_value;
  std::optional<std::string_view> old_value;
  std::optional<std::string_view> new_value;
  Timestamp timestamp;
  Headers headers;
};

/// Updates held back, one a key, in the order of a time and then of their keys' bytes. The rows
/// live in a store, and so in its changelog, in the form that Kafka Streams gives them there: the
/// record's context, the value known downstream, the values before and now, and the buffer time at
/// the end. Their order lives in memory.
/// **Thread**: the task's. **Source**: InMemoryTimeOrderedKeyValueChangeBuffer.
class SuppressBuffer {
 public:
  /// **Lifetime**: the store outlives this.
  explicit SuppressBuffer(ByteStore& rows) : rows_(&rows) {}

  /// Read the order from the store: after a restart or an abort.
  void reload();
  /// Hold an update back. One for a key that is there takes its place in time.
  void put(Timestamp time, std::string_view key, const SuppressedUpdate& update,
           const Headers& headers, const RecordMetadata& origin);
  /// What readers of the table see for a key that is held back: the value before; nothing if the
  /// key isn't held back. **Lifetime**: the view until the store is read again.
  [[nodiscard]] std::optional<std::optional<std::string_view>> prior_value(std::string_view key);

  [[nodiscard]] std::size_t records() const { return order_.size(); }
  /// **Units**: bytes as Kafka Streams counts them.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return order_.empty(); }
  /// The time of the oldest; only if there is one.
  [[nodiscard]] Timestamp oldest_time() const { return order_.begin()->first; }
  /// The oldest; only if there is one.
  [[nodiscard]] EvictedUpdate oldest();
  void erase_oldest();

 private:
  ByteStore* rows_;
  std::set<std::pair<Timestamp, std::string>> order_;
  std::size_t bytes_ = 0;
  std::string row_;
  std::string read_row_;
};

}  // namespace millstream::detail
