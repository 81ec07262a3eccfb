#pragma once

#include <millstream/core/headers.h>
#include <millstream/core/record.h>
#include <millstream/core/time.h>
#include <millstream/state/store_spec.h>
#include <millstream/topology/task_context.h>

#include <cstddef>
#include <iterator>
#include <list>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <unordered_map>
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

/// Changes of a table that its children aren't told yet: per key one, from the value that they know
/// to the last one. Told at the commit, in the order of their last change; the oldest earlier where
/// all caches of the thread together take more room than there is.
/// **Thread**: the task's. **Source**: NamedCache, CachingKeyValueStore of Kafka Streams.
template <class K, class V>
class UpdateCache {
 public:
  UpdateCache(TaskContext& context, bool wanted)
      : budget_(context.cache_budget()), enabled_(wanted && budget_.limit > 0) {}
  ~UpdateCache() { budget_.used -= bytes_; }
  UpdateCache(const UpdateCache&) = delete;
  UpdateCache& operator=(const UpdateCache&) = delete;

  [[nodiscard]] bool enabled() const { return enabled_; }
  /// Whether a change of the key waits. `key`: serialised.
  [[nodiscard]] bool contains(std::string_view key) const {
    return entries_.find(std::string(key)) != entries_.end();
  }

  /// Keep a change. `known`: the value before it, where no change of the key waits.
  template <class Tell>
  void update(std::string_view key, const Record<K, Change<V>>& record, std::optional<V> known,
              Tell tell) {
    take(key, record, std::move(known));
    while (budget_.used > budget_.limit && !order_.empty()) tell_first(tell);
  }
  /// Call `tell(record)` for each change that waits. The record's value has the old value.
  template <class Tell>
  void flush(Tell tell) {
    while (!order_.empty()) tell_first(tell);
  }

 private:
  struct Entry {
    std::string bytes;
    K key;
    std::optional<V> known;
    std::optional<V> value;
    Timestamp timestamp;
    Headers headers;

    [[nodiscard]] std::size_t size() const {
      std::size_t sum = sizeof(Entry) + 2 * bytes.size();
      if (known) sum += owned_bytes(*known);
      if (value) sum += owned_bytes(*value);
      return sum;
    }
  };

  void take(std::string_view key, const Record<K, Change<V>>& record, std::optional<V> known) {
    const auto [found, is_new] = entries_.try_emplace(std::string(key), order_.end());
    if (is_new) {
      order_.push_back({found->first, record.key(), std::move(known), std::nullopt, {}, {}});
      found->second = std::prev(order_.end());
    } else {
      add_bytes(-found->second->size());
      order_.splice(order_.end(), order_, found->second);
    }
    Entry& entry = *found->second;
    const V* value = record.value().new_value;
    entry.value = value != nullptr ? std::optional<V>(*value) : std::nullopt;
    entry.timestamp = record.timestamp();
    entry.headers = record.headers();
    add_bytes(entry.size());
  }
  /// The sizes wrap around, so that a negated one is taken away.
  void add_bytes(std::size_t bytes) {
    bytes_ += bytes;
    budget_.used += bytes;
  }

  /// What was never there and is gone again is not told.
  template <class Tell>
  void tell_first(Tell& tell) {
    Entry entry = std::move(order_.front());
    add_bytes(-entry.size());
    entries_.erase(entry.bytes);
    order_.pop_front();
    if (!entry.value && !entry.known) return;
    const Change<V> change{entry.value ? &*entry.value : nullptr,
                           entry.known ? &*entry.known : nullptr, true};
    tell(Record<K, Change<V>>(entry.key, change, entry.timestamp, entry.headers));
  }

  CacheBudget& budget_;
  bool enabled_;
  std::size_t bytes_ = 0;
  std::list<Entry> order_;
  std::unordered_map<std::string, typename std::list<Entry>::iterator> entries_;
};

}  // namespace millstream::detail
