#pragma once

#include <millstream/core/headers.h>
#include <millstream/core/record.h>
#include <millstream/core/time.h>
#include <millstream/state/store_spec.h>
#include <millstream/topology/task_context.h>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/unordered_set.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

/// Changes of a table that its children aren't told yet: per key one, from the value that they know
/// to the last one. Told at the commit, in the order of their last change; the oldest earlier where
/// they take more room than the task's caches have (each of them may take all: a bound a cache).
/// Entries are used again with the memory that their texts own, so that a cache that has found its
/// size allocates no more.
/// **Thread**: the task's. **Source**: NamedCache, CachingKeyValueStore of Kafka Streams, and what
/// they count as an entry's bytes.
template <class K, class V>
class UpdateCache {
  struct Entry;

 public:
  UpdateCache(const TaskContext& context, bool wanted)
      : limit_(wanted ? context.cache_budget() : 0),
        buckets_(kFirstBuckets),
        entries_(typename Entries::bucket_traits(buckets_.data(), buckets_.size())) {}
  ~UpdateCache() { clear(); }
  UpdateCache(const UpdateCache&) = delete;
  UpdateCache& operator=(const UpdateCache&) = delete;

  /// Where a key's change waits or will wait. **Lifetime**: until the cache is changed.
  class Place {
   public:
    /// Whether a change of the key waits.
    [[nodiscard]] bool taken() const { return entry_ != nullptr; }

   private:
    friend class UpdateCache;
    std::size_t hash_ = 0;
    Entry* entry_ = nullptr;
  };

  [[nodiscard]] bool enabled() const { return limit_ > 0; }
  /// `key`: serialised.
  [[nodiscard]] Place place_of(std::string_view key) {
    Place place;
    place.hash_ = std::hash<std::string_view>()(key);
    const auto found = entries_.find(
        key, [&](std::string_view) { return place.hash_; },
        [](std::string_view wanted, const Entry& entry) { return wanted == entry.bytes; });
    if (found != entries_.end()) place.entry_ = &*found;
    return place;
  }

  /// Keep a change at its key's place. `known`: the value before it, where the place isn't taken.
  template <class Tell>
  void update(const Place& place, std::string_view key, const Record<K, Change<V>>& record,
              std::optional<V> known, Tell tell) {
    take(place, key, record, std::move(known));
    while (bytes_ > limit_) tell_first(tell);
  }
  /// Call `tell(record)` for each change that waits. The record's value has the old value.
  template <class Tell>
  void flush(Tell tell) {
    while (!order_.empty()) tell_first(tell);
  }
  void clear() {
    entries_.clear();
    free_.splice(free_.end(), order_);
    bytes_ = 0;
  }

 private:
  static constexpr std::size_t kFirstBuckets = 64;

  using InOrder = boost::intrusive::list_base_hook<>;
  using ByKey = boost::intrusive::unordered_set_base_hook<boost::intrusive::store_hash<true>>;
  struct Entry : InOrder, ByKey {
    /// What Kafka Streams counts beside key and value: links, flags, and the record's context.
    static constexpr std::size_t kOverhead = 64;

    [[nodiscard]] std::size_t size() const {
      std::size_t sum = kOverhead + bytes.size();
      if (value) sum += sizeof(V) + owned_bytes(*value);
      return sum;
    }

    std::size_t hash = 0;
    std::string bytes;
    K key{};
    std::optional<V> known;
    std::optional<V> value;
    Timestamp timestamp;
    Headers headers;
  };
  struct HashOf {
    std::size_t operator()(const Entry& entry) const { return entry.hash; }
  };
  struct SameKey {
    bool operator()(const Entry& a, const Entry& b) const { return a.bytes == b.bytes; }
  };
  using Order = boost::intrusive::list<Entry, boost::intrusive::base_hook<InOrder>>;
  using Entries = boost::intrusive::unordered_set<
      Entry, boost::intrusive::base_hook<ByKey>, boost::intrusive::hash<HashOf>,
      boost::intrusive::equal<SameKey>, boost::intrusive::power_2_buckets<true>>;

  void take(const Place& place, std::string_view key, const Record<K, Change<V>>& record,
            std::optional<V> known) {
    Entry* entry = place.entry_;
    if (entry == nullptr) {
      entry = &insert(place.hash_, key);
      entry->key = record.key();
      entry->known = std::move(known);
    } else {
      bytes_ -= entry->size();
      order_.splice(order_.end(), order_, order_.iterator_to(*entry));
    }
    if (const V* value = record.value().new_value; value == nullptr) {
      entry->value.reset();
    } else if (entry->value) {
      *entry->value = *value;
    } else {
      entry->value.emplace(*value);
    }
    entry->timestamp = record.timestamp();
    entry->headers = record.headers();
    bytes_ += entry->size();
  }

  Entry& insert(std::size_t hash, std::string_view key) {
    if (free_.empty()) free_.push_back(pool_.emplace_back());
    Entry& entry = free_.front();
    entry.hash = hash;
    entry.bytes.assign(key);
    order_.splice(order_.end(), free_, free_.begin());
    if (entries_.size() >= buckets_.size()) grow();
    entries_.insert(entry);
    return entry;
  }
  void grow() {
    std::vector<typename Entries::bucket_type> more(2 * buckets_.size());
    entries_.rehash(typename Entries::bucket_traits(more.data(), more.size()));
    buckets_.swap(more);
  }

  /// What was never there and is gone again is not told.
  template <class Tell>
  void tell_first(Tell& tell) {
    Entry& entry = order_.front();
    bytes_ -= entry.size();
    entries_.erase(entries_.iterator_to(entry));
    Order told;
    told.splice(told.end(), order_, order_.begin());
    if (entry.value || entry.known) {
      const Change<V> change{entry.value ? &*entry.value : nullptr,
                             entry.known ? &*entry.known : nullptr, true};
      tell(Record<K, Change<V>>(entry.key, change, entry.timestamp, entry.headers));
    }
    free_.splice(free_.end(), told);
  }

  std::size_t limit_;
  std::size_t bytes_ = 0;
  std::deque<Entry> pool_;
  Order free_;
  /// By their last change.
  Order order_;
  std::vector<typename Entries::bucket_type> buckets_;
  Entries entries_;
};

}  // namespace millstream::detail
