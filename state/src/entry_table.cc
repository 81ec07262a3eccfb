#include "entry_table.h"

#include <cstring>

namespace millstream::detail {
namespace {

constexpr std::uint64_t kMultiplier1 = 0xa0761d6478bd642fU;
constexpr std::uint64_t kMultiplier2 = 0xe7037ed1a0b428dbU;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

std::uint64_t read(const char* at, std::size_t size) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, size);
  return word;
}

}  // namespace

// After wyhash. The table's address, which differs from run to run, seeds it against chosen keys;
// nothing that can be seen outside depends on the order of the cells.
std::uint32_t EntryTable::hash(std::string_view key) const {
  std::uint64_t state = reinterpret_cast<std::uintptr_t>(this) ^ kMultiplier1;
  const char* at = key.data();
  std::size_t left = key.size();
  while (left > 16) {
    state = mix(read(at, 8) ^ kMultiplier1, read(at + 8, 8) ^ state);
    at += 16;
    left -= 16;
  }
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  if (left >= 8) {
    low = read(at, 8);
    high = read(at + left - 8, 8);
  } else if (left >= 4) {
    low = read(at, 4);
    high = read(at + left - 4, 4);
  } else if (left > 0) {
    low = static_cast<unsigned char>(at[0]) |
          static_cast<std::uint64_t>(static_cast<unsigned char>(at[left / 2])) << 8U |
          static_cast<std::uint64_t>(static_cast<unsigned char>(at[left - 1])) << 16U;
  }
  const std::uint64_t mixed = mix(low ^ kMultiplier2, high ^ state);
  return static_cast<std::uint32_t>(mix(mixed ^ key.size(), kMultiplier2));
}

Entry* EntryTable::insert(EntryPtr entry) {
  if ((size_ + 1) * 4 > cells_.size() * 3) grow();
  Entry* inserted = entry.release();
  place(inserted);
  ++size_;
  return inserted;
}

void EntryTable::place(Entry* entry) {
  std::size_t at = entry->hash & mask_;
  while (cells_[at].entry != nullptr) at = (at + 1) & mask_;
  cells_[at] = {entry, entry->hash};
}

void EntryTable::grow() {
  std::vector<Cell> old(cells_.empty() ? 64 : cells_.size() * 2);
  old.swap(cells_);
  mask_ = cells_.size() - 1;
  for (const Cell& cell : old) {
    if (cell.entry != nullptr) place(cell.entry);
  }
}

void EntryTable::erase(Entry* entry) {
  std::size_t hole = entry->hash & mask_;
  while (cells_[hole].entry != entry) hole = (hole + 1) & mask_;
  // Move back what could no longer be found across the hole.
  for (std::size_t at = (hole + 1) & mask_; cells_[at].entry != nullptr; at = (at + 1) & mask_) {
    const std::size_t home = cells_[at].hash & mask_;
    if (((at - home) & mask_) < ((at - hole) & mask_)) continue;
    cells_[hole] = cells_[at];
    hole = at;
  }
  cells_[hole] = {};
  --size_;
  EntryDeleter()(entry);
}

void EntryTable::clear() {
  for (const Cell& cell : cells_) {
    if (cell.entry != nullptr) EntryDeleter()(cell.entry);
  }
  cells_ = {};
  mask_ = 0;
  size_ = 0;
}

}  // namespace millstream::detail
