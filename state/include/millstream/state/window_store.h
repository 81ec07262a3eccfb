#pragma once

#include <millstream/state/detail/basic_window_store.h>

namespace millstream {

/// Plain values by key and window start, in segments of time that expire as a whole.
/// `fetch` and the other reads: detail::BasicWindowStore.
/// **Thread**: the task's. **Errors**: StoreError.
/// **Lifetime**: ends before its ByteStore does; doesn't move while a walk over it lives.
/// **Source**: WindowStore of Kafka Streams. Deliberate difference: a put that would not be shown
/// any more isn't stored, and the sequence numbers of duplicates survive a restart.
template <class K, class V>
class WindowStore : public detail::BasicWindowStore<K, detail::PlainValues<V>> {
 public:
  WindowStore(ByteStore& bytes, const StoreSpec& spec, Serde<K> key, Serde<V> value)
      : detail::BasicWindowStore<K, detail::PlainValues<V>>(bytes, spec, std::move(key),
                                                            std::move(value)) {}

  /// Store the value of a window; a further one where duplicates are retained. Moves the store's
  /// time on. False: the window is past the retention, and was dropped.
  bool put(const K& key, const V& value, Timestamp start) {
    return this->put_bytes(key, this->values().write(value, this->name()), start);
  }
};

}  // namespace millstream
