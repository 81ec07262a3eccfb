#pragma once

#include <cstddef>

#include "evictable.h"

namespace millstream::detail {

/// The memory of a task's write buffers, and what is clean in the order in which they may go.
/// A hit doesn't move it: it is marked, and what is marked is passed over once.
class EntryCache {
 public:
  explicit EntryCache(std::size_t budget) : budget_(budget) {}

  void charge(std::size_t bytes) { used_ += bytes; }
  void discharge(std::size_t bytes) { used_ -= bytes; }
  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t budget() const { return budget_; }

  /// From here on it may be forgotten.
  void add_clean(Evictable& clean) { clean.move_to_back_of(clean_); }
  /// Forget what is clean, but not `keep`, until the budget holds or none are left.
  void shrink(const Evictable* keep) {
    if (used_ > budget_) evict(keep);
  }

 private:
  void evict(const Evictable* keep);

  std::size_t budget_;
  std::size_t used_ = 0;
  ListNode clean_;
};

}  // namespace millstream::detail
