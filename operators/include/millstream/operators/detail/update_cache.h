#pragma once

#include <millstream/core/headers.h>
#include <millstream/core/record.h>
#include <millstream/core/time.h>
#include <millstream/operators/detail/keyed_queue.h>
#include <millstream/state/byte_store.h>
#include <millstream/state/store_spec.h>
#include <millstream/topology/task_context.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <string_view>
#include <utility>

namespace millstream::detail {

/// The bytes that a value owns beside its own, as far as they are easily known: strings and
/// vectors.
template <class T>
std::size_t owned_bytes(const T& value) {
  if constexpr (std::ranges::contiguous_range<T> && std::ranges::sized_range<T>) {
    return std::ranges::size(value) * sizeof(std::ranges::range_value_t<T>);
  } else {
    return 0;
  }
}

/// The row that a table's children know of, at the first change that isn't told yet.
template <class V>
struct KnownRow {
  bool exists = false;
  /// Its value, if old values are wanted.
  std::optional<V> value;
};

/// Changes of a table that its children aren't told yet: per key one, from the value that they know
/// to the last one. Told at the commit, in the order of their last change; the oldest earlier where
/// all caches of the thread together take more room than there is.
/// A cache that has found its size allocates no more.
/// **Thread**: the task's. **Source**: NamedCache, CachingKeyValueStore of Kafka Streams, and what
/// they count as an entry's bytes.
template <class K, class V>
class UpdateCache {
  struct Waiting {
    std::optional<V> value;
    Timestamp timestamp;
    bool was_known = false;
    Headers headers;
    K key{};
    std::optional<V> known;
  };
  using Queue = KeyedQueue<Waiting>;
  using Entry = typename Queue::Entry;

 public:
  UpdateCache(TaskContext& context, bool wanted)
      : budget_(context.cache_budget()), enabled_(wanted && budget_.limit > 0) {}
  ~UpdateCache() { budget_.used -= bytes_; }
  UpdateCache(const UpdateCache&) = delete;
  UpdateCache& operator=(const UpdateCache&) = delete;

  /// Where a key's change waits or will wait. **Lifetime**: until the cache is changed.
  class Place {
   public:
    /// Whether a change of the key waits.
    [[nodiscard]] bool taken() const { return entry_ != nullptr; }

   private:
    friend class UpdateCache;
    std::uint32_t hash_ = 0;
    Entry* entry_ = nullptr;
  };

  [[nodiscard]] bool enabled() const { return enabled_; }
  /// Ask memory for a key's place, which will be looked for soon. It gives what to hand to
  /// `prefetch_entry` once other work was done meanwhile.
  [[nodiscard]] std::uint32_t prefetch(std::string_view key) const {
    const std::uint32_t hash = entries_.hash(key);
    entries_.prefetch(hash);
    return hash;
  }
  void prefetch_entry(std::uint32_t hash) const { entries_.prefetch_entry(hash); }
  /// The same in the steps of a store's.
  void prefetch(std::string_view key, PrefetchStep step) const {
    if (!enabled_) return;
    const std::uint32_t hash = entries_.hash(key);
    if (step == PrefetchStep::kFirst) return entries_.prefetch(hash);
    if (step == PrefetchStep::kSecond) entries_.prefetch_entry(hash);
  }
  /// `key`: serialised.
  [[nodiscard]] Place place_of(std::string_view key) const {
    Place place;
    place.hash_ = entries_.hash(key);
    place.entry_ = entries_.find(key, place.hash_);
    return place;
  }

  /// Keep a change at its key's place. `known`: the row before it, where the place isn't taken.
  template <class Tell>
  void update(const Place& place, std::string_view key, const Record<K, Change<V>>& record,
              KnownRow<V> known, Tell tell) {
    take(place, key, record, std::move(known));
    while (budget_.used > budget_.limit && !entries_.empty()) tell_first(tell);
  }
  /// Call `tell(record)` for each change that waits. The record's value has the old value.
  template <class Tell>
  void flush(Tell tell) {
    while (!entries_.empty()) tell_first(tell);
  }

 private:
  /// What Kafka Streams counts beside key and value: links, flags, and the record's context.
  static constexpr std::size_t kOverhead = 64;

  [[nodiscard]] static std::size_t size_of(const Entry& entry) {
    std::size_t sum = kOverhead + entry.key().size();
    if (entry.kept.value) sum += sizeof(V) + owned_bytes(*entry.kept.value);
    return sum;
  }

  void take(const Place& place, std::string_view key, const Record<K, Change<V>>& record,
            KnownRow<V> known) {
    Entry* entry = place.entry_;
    if (entry == nullptr) {
      entry = &entries_.push_back(key, place.hash_);
      entry->kept.key = record.key();
      entry->kept.was_known = known.exists;
      entry->kept.known = std::move(known.value);
    } else {
      add_bytes(-size_of(*entry));
      entries_.move_to_back(*entry);
    }
    Waiting& waiting = entry->kept;
    if (const V* value = record.value().new_value; value == nullptr) {
      waiting.value.reset();
    } else if (waiting.value) {
      *waiting.value = *value;
    } else {
      waiting.value.emplace(*value);
    }
    waiting.timestamp = record.timestamp();
    waiting.headers = record.headers();
    add_bytes(size_of(*entry));
  }
  /// The sizes wrap around, so that a negated one is taken away.
  void add_bytes(std::size_t bytes) {
    bytes_ += bytes;
    budget_.used += bytes;
  }

  /// What was never there and is gone again is not told.
  template <class Tell>
  void tell_first(Tell& tell) {
    add_bytes(-size_of(entries_.front()));
    Entry& entry = entries_.pop_front();
    Waiting& waiting = entry.kept;
    if (waiting.value || waiting.was_known) {
      const Change<V> change{waiting.value ? &*waiting.value : nullptr,
                             waiting.known ? &*waiting.known : nullptr, true};
      tell(Record<K, Change<V>>(waiting.key, change, waiting.timestamp, waiting.headers));
    }
    entries_.recycle(entry);
  }

  CacheBudget& budget_;
  bool enabled_;
  std::size_t bytes_ = 0;
  Queue entries_;
};

}  // namespace millstream::detail
