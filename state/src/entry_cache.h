#pragma once

#include <cstddef>

#include "entry.h"

namespace millstream::detail {

/// The memory of a task's write buffers, and its clean entries in the order in which they may go.
/// A hit doesn't move an entry: it is marked, and a marked entry is passed over once.
class EntryCache {
 public:
  explicit EntryCache(std::size_t budget) : budget_(budget) {}

  void charge(std::size_t bytes) { used_ += bytes; }
  void discharge(std::size_t bytes) { used_ -= bytes; }
  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t budget() const { return budget_; }

  /// From here on the entry may be forgotten.
  void add_clean(Entry& entry) { entry.move_to_back_of(clean_); }
  /// Forget clean entries, but not `keep`, until the budget holds or none are left.
  void shrink(const Entry* keep) {
    if (used_ > budget_) evict(keep);
  }

 private:
  void evict(const Entry* keep);

  std::size_t budget_;
  std::size_t used_ = 0;
  ListNode clean_;
};

}  // namespace millstream::detail
