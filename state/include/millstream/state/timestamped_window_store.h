#pragma once

#include <millstream/state/detail/basic_window_store.h>

namespace millstream {

/// Values with the timestamp of their last update, by key and window start: what windowed
/// aggregations stand on. `fetch` and the other reads: detail::BasicWindowStore.
/// **Thread**: the task's. **Errors**: StoreError.
/// **Lifetime**: ends before its ByteStore does; doesn't move while a walk over it lives.
/// **Source**: TimestampedWindowStore of Kafka Streams; differences as WindowStore.
template <class K, class V>
class TimestampedWindowStore : public detail::BasicWindowStore<K, detail::TimestampedValues<V>> {
 public:
  TimestampedWindowStore(ByteStore& bytes, const StoreSpec& spec, Serde<K> key, Serde<V> value)
      : detail::BasicWindowStore<K, detail::TimestampedValues<V>>(bytes, spec, std::move(key),
                                                                  std::move(value)) {}

  /// Store the value of a window. Moves the store's time on. False: the window is past the
  /// retention, and was dropped.
  bool put(const K& key, const V& value, Timestamp timestamp, Timestamp start) {
    return this->put_bytes(key, this->values().write(value, timestamp, this->name()), start);
  }
};

}  // namespace millstream
