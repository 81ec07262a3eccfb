#pragma once

#include <millstream/core/time.h>
#include <millstream/state/byte_store.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::detail {

/// The records of a left or outer join of streams that have no partner yet, by time, side (the
/// right one first) and key bytes; those that share all that in the order of their arrival.
/// **Thread**: the task's. **Source**: TimestampedKeyAndJoinSide, ListValueStore of Kafka Streams.
class OuterJoinStore {
 public:
  struct Place {
    Timestamp timestamp;
    bool is_left = false;
    std::string_view key;
  };

  /// **Lifetime**: `bytes` outlives this.
  explicit OuterJoinStore(ByteStore& bytes) : bytes_(&bytes) {}

  void add(const Place& place, std::string_view value);
  /// Forget all records of a place.
  void erase(const Place& place);

  /// A walk over the places. **Lifetime**: views until the next `next()`.
  class Walk {
   public:
    explicit Walk(ByteStore& bytes);
    /// The next place; nothing at the end.
    std::optional<Place> next();
    /// The values there, in the order of their arrival.
    [[nodiscard]] std::vector<std::string> values() const;

   private:
    std::unique_ptr<ByteIterator> rows_;
    bool started_ = false;
  };
  [[nodiscard]] Walk walk() { return Walk(*bytes_); }

 private:
  std::string_view row_key(const Place& place);

  ByteStore* bytes_;
  std::string row_;
};

}  // namespace millstream::detail
