#pragma once

#include <millstream/core/headers.h>
#include <millstream/core/time.h>
#include <millstream/state/byte_store.h>
#include <millstream/state/store_spec.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millstream::detail {

/// Records of a stream that wait until a grace has passed, by time, key bytes and arrival. Its time
/// is that of the records it was given. **Thread**: the task's.
/// **Source**: RocksDBTimeOrderedKeyValueBuffer of Kafka Streams.
class JoinBuffer {
 public:
  struct Entry {
    Timestamp timestamp;
    std::string key;
    std::string value;
    Headers headers;
  };

  /// **Lifetime**: `bytes` outlives this.
  JoinBuffer(ByteStore& bytes, Duration grace) : bytes_(&bytes), grace_(grace) {}

  /// Keep a record; false if its grace has passed already.
  bool put(std::string_view key, std::string_view value, Timestamp timestamp,
           const Headers& headers);
  /// Move time on without a record.
  void observe(Timestamp time);
  /// Take out the next record whose grace has passed.
  std::optional<Entry> take_ready();

  [[nodiscard]] static StoreSpec store(const std::string& name);

 private:
  ByteStore* bytes_;
  Duration grace_;
  std::string row_;
};

}  // namespace millstream::detail
