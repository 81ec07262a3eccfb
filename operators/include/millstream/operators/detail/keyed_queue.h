#pragma once

#include <millstream/state/detail/hash_cells.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::detail {

/// Entries by key, in an order that the owner changes: a hash table and a ring over the same
/// entries, which are used again with the memory that they own. Stable addresses. What an update
/// touches lies together: such entries are many, and each seldom in the processor's caches.
/// **Thread**: the owner's.
template <class T>
class KeyedQueue {
 public:
  /// An entry: its key and what is kept for it.
  class alignas(64) Entry {
   public:
    [[nodiscard]] std::string_view key() const {
      return size_ <= short_.size() ? std::string_view(short_.data(), size_) : long_;
    }
    std::uint32_t hash = 0;

   private:
    friend class KeyedQueue;
    void set_key(std::string_view key) {
      size_ = key.size();
      if (size_ > short_.size()) {
        long_.assign(key);
      } else if (size_ > 0) {
        std::memcpy(short_.data(), key.data(), size_);
      }
    }

    std::size_t place_ = 0;  ///< In the ring, counted from its begin.
    std::size_t size_ = 0;
    std::array<char, 40> short_{};

   public:
    T kept{};

   private:
    std::string long_;
  };

  [[nodiscard]] std::uint32_t hash(std::string_view key) const { return cells_.hash(key); }
  [[nodiscard]] bool empty() const { return cells_.size() == 0; }
  [[nodiscard]] Entry* find(std::string_view key, std::uint32_t hash) const {
    return cells_.find(key, hash);
  }
  /// Ask memory for what `find` will look at; `prefetch_entry` some time later for the entry.
  void prefetch(std::uint32_t hash) const { cells_.prefetch(hash); }
  void prefetch_entry(std::uint32_t hash) const {
    if (const Entry* entry = cells_.likely(hash)) prefetch(*entry);
  }

  /// Add an entry at the end, for a key that has none. What it keeps is what the last entry that
  /// used its place left there.
  Entry& push_back(std::string_view key, std::uint32_t hash) {
    Entry& entry = take_free();
    entry.hash = hash;
    entry.set_key(key);
    cells_.insert(entry);
    append(entry);
    return entry;
  }
  void move_to_back(Entry& entry) {
    if (entry.place_ + 1 == end_) return;
    at(entry.place_) = nullptr;
    append(entry);
  }
  /// The first entry; there is one.
  [[nodiscard]] Entry& front() {
    while (at(begin_) == nullptr) ++begin_;
    return *at(begin_);
  }
  /// Take the first entry out; it must be given back by `recycle`.
  Entry& pop_front() {
    Entry& entry = front();
    if (begin_ + kAhead < end_) {
      if (const Entry* next = at(begin_ + kAhead)) prefetch(*next);
    }
    ++begin_;
    cells_.erase(entry);
    return entry;
  }
  void recycle(Entry& entry) { free_.push_back(&entry); }

 private:
  static constexpr std::size_t kFirstRing = 64;
  static constexpr std::size_t kAhead = 8;

  static void prefetch(const Entry& entry) {
    const char* line = reinterpret_cast<const char*>(&entry);
    for (std::size_t i = 0; i < sizeof(Entry) && i < 256; i += 64) __builtin_prefetch(line + i, 1);
  }
  [[nodiscard]] Entry*& at(std::size_t place) { return ring_[place & (ring_.size() - 1)]; }
  Entry& take_free() {
    if (free_.empty()) return pool_.emplace_back();
    Entry& entry = *free_.back();
    free_.pop_back();
    return entry;
  }
  void append(Entry& entry) {
    if (end_ - begin_ == ring_.size()) make_room();
    entry.place_ = end_;
    at(end_++) = &entry;
  }
  /// Close the gaps that moved entries left, in a larger ring where there are few.
  void make_room() {
    std::vector<Entry*> ring(2 * cells_.size() > ring_.size() ? 2 * ring_.size() : ring_.size());
    std::size_t count = 0;
    for (; begin_ < end_; ++begin_) {
      if (at(begin_) == nullptr) continue;
      at(begin_)->place_ = count;
      ring[count++] = at(begin_);
    }
    ring_.swap(ring);
    begin_ = 0;
    end_ = count;
  }

  std::deque<Entry> pool_;
  std::vector<Entry*> free_;
  HashCells<Entry> cells_;
  std::vector<Entry*> ring_ = std::vector<Entry*>(kFirstRing);
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace millstream::detail
