#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::detail {

/// Entries by key, in an order that the owner changes: a hash table and a list over the same
/// entries, which are used again with the memory that they own. Stable addresses.
/// **Thread**: the owner's.
template <class T>
class KeyedQueue {
 public:
  /// An entry: its key and what is kept for it.
  class Entry {
   public:
    [[nodiscard]] const std::string& key() const { return key_; }
    T kept{};

   private:
    friend class KeyedQueue;
    std::size_t hash_ = 0;
    std::string key_;
    Entry* chain_ = nullptr;  ///< The next one of the same bucket, or the next free one.
    Entry* before_ = nullptr;
    Entry* after_ = nullptr;
  };

  [[nodiscard]] static std::size_t hash(std::string_view key) {
    return std::hash<std::string_view>()(key);
  }
  [[nodiscard]] bool empty() const { return first_ == nullptr; }
  [[nodiscard]] Entry* find(std::string_view key, std::size_t hash) const {
    Entry* entry = buckets_[bucket(hash)];
    while (entry != nullptr && (entry->hash_ != hash || entry->key_ != key)) entry = entry->chain_;
    return entry;
  }
  [[nodiscard]] Entry& front() const { return *first_; }

  /// Add an entry at the end, for a key that has none. What it keeps is what the last entry that
  /// used its place left there.
  Entry& push_back(std::string_view key, std::size_t hash) {
    if (size_ == buckets_.size()) grow();
    Entry& entry = take_free();
    entry.hash_ = hash;
    entry.key_.assign(key);
    entry.chain_ = buckets_[bucket(hash)];
    buckets_[bucket(hash)] = &entry;
    link_last(entry);
    ++size_;
    return entry;
  }
  void move_to_back(Entry& entry) {
    unlink(entry);
    link_last(entry);
  }
  /// Take the first entry out; it must be given back by `recycle`.
  Entry& pop_front() {
    Entry& entry = *first_;
    unlink(entry);
    Entry** at = &buckets_[bucket(entry.hash_)];
    while (*at != &entry) at = &(*at)->chain_;
    *at = entry.chain_;
    --size_;
    return entry;
  }
  void recycle(Entry& entry) {
    entry.chain_ = free_;
    free_ = &entry;
  }
  void clear() {
    while (!empty()) recycle(pop_front());
  }

 private:
  static constexpr std::size_t kFirstBuckets = 64;

  [[nodiscard]] std::size_t bucket(std::size_t hash) const { return hash & (buckets_.size() - 1); }
  Entry& take_free() {
    if (free_ == nullptr) return pool_.emplace_back();
    Entry& entry = *free_;
    free_ = entry.chain_;
    return entry;
  }
  void link_last(Entry& entry) {
    entry.before_ = last_;
    entry.after_ = nullptr;
    (last_ != nullptr ? last_->after_ : first_) = &entry;
    last_ = &entry;
  }
  void unlink(Entry& entry) {
    (entry.before_ != nullptr ? entry.before_->after_ : first_) = entry.after_;
    (entry.after_ != nullptr ? entry.after_->before_ : last_) = entry.before_;
  }
  void grow() {
    buckets_.assign(2 * buckets_.size(), nullptr);
    for (Entry* entry = first_; entry != nullptr; entry = entry->after_) {
      entry->chain_ = buckets_[bucket(entry->hash_)];
      buckets_[bucket(entry->hash_)] = entry;
    }
  }

  std::deque<Entry> pool_;
  Entry* free_ = nullptr;
  std::vector<Entry*> buckets_ = std::vector<Entry*>(kFirstBuckets);
  Entry* first_ = nullptr;
  Entry* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace millstream::detail
