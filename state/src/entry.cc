#include "entry.h"

#include <millstream/core/assert.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

namespace millstream::detail {
namespace {

// What malloc adds to an allocation, and the table and index to an entry.
constexpr std::size_t kOverhead = 40;

void release(Slot& slot) {
  if (slot.on_heap) ::operator delete(slot.data);
}

}  // namespace

std::size_t Entry::footprint() const {
  std::size_t bytes = sizeof(Entry) + key_size + std::size_t{2} * inline_capacity + kOverhead;
  if (base.on_heap) bytes += base.capacity;
  if (dirty.on_heap) bytes += dirty.capacity;
  return bytes;
}

EntryPtr make_entry(std::string_view key, std::uint32_t hash, std::uint8_t inline_capacity) {
  MILLSTREAM_ASSERT(key.size() < std::numeric_limits<std::uint32_t>::max(), "a key of 4 GB");
  // One allocation of varying size: the entry, its slots' bytes, its key.
  void* memory = ::operator new(sizeof(Entry) + std::size_t{2} * inline_capacity + key.size());
  EntryPtr entry(::new (memory) Entry());
  char* tail = static_cast<char*>(memory) + sizeof(Entry);
  if (!key.empty()) std::memcpy(tail, key.data(), key.size());
  entry->base.data = tail + key.size();
  entry->base.capacity = inline_capacity;
  entry->dirty.data = entry->base.data + inline_capacity;
  entry->dirty.capacity = inline_capacity;
  entry->key_size = static_cast<std::uint32_t>(key.size());
  entry->hash = hash;
  entry->inline_capacity = inline_capacity;
  return entry;
}

void EntryDeleter::operator()(Entry* entry) const {
  entry->unlink();
  release(entry->base);
  release(entry->dirty);
  entry->~Entry();
  ::operator delete(entry);
}

void assign(Slot& slot, std::string_view value) {
  MILLSTREAM_ASSERT(value.size() <= kMaxValueSize, "a value of 512 MB");
  if (value.size() > slot.capacity) {
    // One that grows again and again gets room to spare.
    const std::size_t room = slot.on_heap ? value.size() + value.size() / 4 : value.size();
    const std::size_t capacity = std::min<std::size_t>(room, kMaxValueSize);
    char* data = static_cast<char*>(::operator new(capacity));
    std::memcpy(data, value.data(), value.size());
    release(slot);
    slot.data = data;
    slot.capacity = static_cast<std::uint32_t>(capacity) & kMaxValueSize;
    slot.on_heap = true;
  } else if (!value.empty()) {
    std::memmove(slot.data, value.data(), value.size());
  }
  slot.size = static_cast<std::uint32_t>(value.size());
  slot.presence = Presence::kPresent;
}

}  // namespace millstream::detail
