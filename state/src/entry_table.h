#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "entry.h"

namespace millstream::detail {

/// A hash table of entries by key: open addressing, linear probing, hashes beside the pointers.
/// Owns its entries.
class EntryTable {
 public:
  EntryTable() = default;
  ~EntryTable() { clear(); }
  EntryTable(const EntryTable&) = delete;
  EntryTable& operator=(const EntryTable&) = delete;

  [[nodiscard]] std::uint32_t hash(std::string_view key) const;
  [[nodiscard]] Entry* find(std::string_view key, std::uint32_t hash) const {
    if (cells_.empty()) return nullptr;
    for (std::size_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Cell& cell = cells_[at];
      if (cell.entry == nullptr) return nullptr;
      if (cell.hash == hash && cell.entry->key() == key) return cell.entry;
    }
  }
  /// Take over an entry whose key isn't there yet.
  Entry* insert(EntryPtr entry);
  void erase(Entry* entry);
  void clear();
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Call `visit(Entry&)` for each entry, in no order; the table must not change meanwhile.
  template <class F>
  void for_each(F visit) const {
    for (const Cell& cell : cells_) {
      if (cell.entry != nullptr) visit(*cell.entry);
    }
  }

 private:
  struct Cell {
    Entry* entry = nullptr;
    std::uint32_t hash = 0;
  };
  void place(Entry* entry);
  void grow();

  std::vector<Cell> cells_;
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace millstream::detail
