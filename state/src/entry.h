#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "evictable.h"
#include "key_table.h"

namespace millstream::detail {

/// What a slot says of its key: nothing, that it has no value, or a value.
enum class Presence : std::uint8_t { kUnset, kAbsent, kPresent };

inline constexpr std::uint32_t kMaxValueSize = (std::uint32_t{1} << 29U) - 1;

/// Bytes that keep their memory. It begins inside the entry and moves to the heap when it must
/// grow.
struct Slot {
  [[nodiscard]] std::string_view view() const { return {data, size}; }

  char* data = nullptr;
  std::uint32_t size = 0;
  std::uint32_t capacity : 29 = 0;
  Presence presence : 2 = Presence::kUnset;
  bool on_heap : 1 = false;
};

/// One key of a store's buffer with its two slots. `base` is what is committed (or was read from
/// the database), `dirty` what the open transaction made of it; at least one of them is set. The
/// key and, for small values, the slots' bytes lie behind the entry, in its allocation.
/// **Lifetime**: made by `make_entry`, owned by its EntryTable, and always in exactly one list.
struct Entry : Evictable {
  [[nodiscard]] std::string_view key() const {
    return {reinterpret_cast<const char*>(this + 1), key_size};
  }
  [[nodiscard]] const Slot& visible() const {
    return dirty.presence != Presence::kUnset ? dirty : base;
  }
  [[nodiscard]] bool is_dirty() const { return dirty.presence != Presence::kUnset; }
  /// Bytes of memory, roughly as the allocator counts them.
  [[nodiscard]] std::size_t footprint() const;

  Slot base;
  Slot dirty;
  std::uint32_t key_size = 0;
  std::uint32_t hash = 0;
  std::uint8_t inline_capacity = 0;
  /// `base` is newer than the database.
  bool committed = false;
  /// In the index: the database has no keys between the entry before this one and this one.
  bool gap_complete = false;
};

struct EntryDeleter {
  void operator()(Entry* entry) const;
};
using EntryTable = KeyTable<Entry, EntryDeleter>;
using EntryPtr = EntryTable::ItemPtr;

/// An entry whose two slots have `inline_capacity` bytes each of their own.
[[nodiscard]] EntryPtr make_entry(std::string_view key, std::uint32_t hash,
                                  std::uint8_t inline_capacity);

/// Replace a slot's bytes; allocates only when they outgrow it. `value` may lie in any slot.
void assign(Slot& slot, std::string_view value);

}  // namespace millstream::detail
