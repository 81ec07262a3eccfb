#pragma once

#include <millstream/state/detail/hash_cells.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace millstream::detail {

/// A hash table by key that owns its items, which `Deleter` deletes; see HashCells.
template <class Item, class Deleter>
class KeyTable {
 public:
  using ItemPtr = std::unique_ptr<Item, Deleter>;

  KeyTable() = default;
  ~KeyTable() { clear(); }
  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;

  [[nodiscard]] std::uint32_t hash(std::string_view key) const { return cells_.hash(key); }
  [[nodiscard]] Item* find(std::string_view key, std::uint32_t hash) const {
    return cells_.find(key, hash);
  }
  void prefetch(std::uint32_t hash) const { cells_.prefetch(hash); }
  [[nodiscard]] const Item* likely(std::uint32_t hash) const { return cells_.likely(hash); }
  /// Take over an item whose key isn't there yet.
  Item* insert(ItemPtr item) {
    cells_.insert(*item);
    return item.release();
  }
  void erase(Item* item) {
    cells_.erase(*item);
    Deleter()(item);
  }
  void clear() {
    cells_.for_each([](Item& item) { Deleter()(&item); });
    cells_.clear();
  }
  [[nodiscard]] std::size_t size() const { return cells_.size(); }

  /// Call `visit(Item&)` for each item, in no order; the table must not change meanwhile.
  template <class F>
  void for_each(F visit) const {
    cells_.for_each(visit);
  }

 private:
  HashCells<Item> cells_;
};

}  // namespace millstream::detail
