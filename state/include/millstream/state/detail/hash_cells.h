#pragma once

#include <millstream/state/detail/bytes_hash.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace millstream::detail {

/// Finds items by key: open addressing, linear probing, hashes beside the pointers. The items,
/// which have a `key()` and a `hash`, are another's.
template <class Item>
class HashCells {
 public:
  HashCells() = default;
  HashCells(const HashCells&) = delete;
  HashCells& operator=(const HashCells&) = delete;

  /// The address, which differs from run to run, seeds it against chosen keys; nothing that
  /// can be seen outside depends on the order of the cells.
  [[nodiscard]] std::uint32_t hash(std::string_view key) const {
    return hash_bytes(key, reinterpret_cast<std::uintptr_t>(this));
  }
  [[nodiscard]] Item* find(std::string_view key, std::uint32_t hash) const {
    if (cells_.empty()) return nullptr;
    for (std::size_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Cell& cell = cells_[at];
      if (cell.item == nullptr) return nullptr;
      if (cell.hash == hash && cell.item->key() == key) return cell.item;
    }
  }
  /// Ask memory for what `find` will look at first.
  void prefetch(std::uint32_t hash) const {
    if (!cells_.empty()) __builtin_prefetch(&cells_[hash & mask_]);
  }
  /// An item that is likely to be the one of that hash, or null. Doesn't touch it.
  [[nodiscard]] const Item* likely(std::uint32_t hash) const {
    if (cells_.empty()) return nullptr;
    for (std::size_t at = hash & mask_; cells_[at].item != nullptr; at = (at + 1) & mask_) {
      if (cells_[at].hash == hash) return cells_[at].item;
    }
    return nullptr;
  }
  /// Add an item whose key isn't there yet.
  void insert(Item& item) {
    if ((size_ + 1) * 4 > cells_.size() * 3) grow();
    place(item);
    ++size_;
  }
  void erase(const Item& item) {
    std::size_t hole = item.hash & mask_;
    while (cells_[hole].item != &item) hole = (hole + 1) & mask_;
    // Move back what could no longer be found across the hole.
    for (std::size_t at = (hole + 1) & mask_; cells_[at].item != nullptr; at = (at + 1) & mask_) {
      const std::size_t home = cells_[at].hash & mask_;
      if (((at - home) & mask_) < ((at - hole) & mask_)) continue;
      cells_[hole] = cells_[at];
      hole = at;
    }
    cells_[hole] = {};
    --size_;
  }
  void clear() {
    cells_ = {};
    mask_ = 0;
    size_ = 0;
  }
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Call `visit(Item&)` for each item, in no order; the cells must not change meanwhile.
  template <class F>
  void for_each(F visit) const {
    for (const Cell& cell : cells_) {
      if (cell.item != nullptr) visit(*cell.item);
    }
  }

 private:
  struct Cell {
    Item* item = nullptr;
    std::uint32_t hash = 0;
  };
  void place(Item& item) {
    std::size_t at = item.hash & mask_;
    while (cells_[at].item != nullptr) at = (at + 1) & mask_;
    cells_[at] = {&item, item.hash};
  }
  void grow() {
    std::vector<Cell> old(cells_.empty() ? 64 : cells_.size() * 2);
    old.swap(cells_);
    mask_ = cells_.size() - 1;
    for (const Cell& cell : old) {
      if (cell.item != nullptr) place(*cell.item);
    }
  }

  std::vector<Cell> cells_;
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace millstream::detail
