#include "row_group.h"

#include <millstream/core/assert.h>
#include <millstream/core/big_endian.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace millstream::detail {
namespace {

// What malloc adds to two allocations, and the table to a group.
constexpr std::size_t kGroupOverhead = 48;
constexpr std::uint32_t kSmallGroup = 8;
constexpr std::uint64_t kMaxUnits = (std::uint64_t{1} << 28U) - 1;

std::uint32_t units_for(std::size_t size) {
  const std::uint64_t units = (std::uint64_t{size} + 7) / 8;
  MILLSTREAM_ASSERT(units <= kMaxUnits, "a value of 2 GB");
  return static_cast<std::uint32_t>(units);
}

}  // namespace

RowGroupTable::ItemPtr make_row_group(std::string_view key, std::uint32_t hash,
                                      std::uint8_t suffix_size) {
  MILLSTREAM_ASSERT(key.size() < std::numeric_limits<std::uint32_t>::max(), "a key of 4 GB");
  // One allocation of varying size: the group, its key.
  void* memory = ::operator new(sizeof(RowGroup) + key.size());
  RowGroupTable::ItemPtr group(::new (memory) RowGroup());
  if (!key.empty())
    std::memcpy(static_cast<char*>(memory) + sizeof(RowGroup), key.data(), key.size());
  group->key_size = static_cast<std::uint32_t>(key.size());
  group->hash = hash;
  group->suffix_size = suffix_size;
  return group;
}

void RowGroupDeleter::operator()(RowGroup* group) const {
  group->unlink();
  ::operator delete(group->block_);
  group->~RowGroup();
  ::operator delete(group);
}

std::size_t RowGroup::footprint() const {
  return sizeof(RowGroup) + key_size + kGroupOverhead + values_at(capacity_) +
         std::size_t{8} * units_;
}

std::int64_t RowGroup::time(std::uint32_t at) const {
  return read_big_endian<std::int64_t>(suffix(at));
}

std::uint32_t RowGroup::lower_bound(std::string_view suffix) const {
  // Mostly the newest row, or behind it.
  if (count_ == 0 || order(count_ - 1, suffix) < 0) return count_;
  std::uint32_t low = 0;
  std::uint32_t high = count_ - 1;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (order(middle, suffix) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Row& RowGroup::insert(std::uint32_t at, std::string_view suffix, std::size_t value_size) {
  const std::uint32_t units = units_for(value_size);
  make_room(true, units);
  char* place = block_ + at * stride();
  std::memmove(place + stride(), place, (count_ - at) * stride());
  Row* row = ::new (place) Row{};
  std::memcpy(place + sizeof(Row), suffix.data(), suffix_size);
  row->offset = units_used_;
  row->capacity = units & kMaxUnits;
  units_used_ += units;
  ++count_;
  return *row;
}

void RowGroup::assign(Row& row, std::string_view value) {
  Row* target = &row;
  const std::uint32_t units = units_for(value.size());
  if (units > target->capacity) {
    const auto at = static_cast<std::uint32_t>(
        static_cast<std::size_t>(reinterpret_cast<char*>(target) - block_) / stride());
    // One that grows again and again gets room to spare.
    const std::uint32_t spare =
        target->capacity == 0
            ? 0
            : static_cast<std::uint32_t>(std::min<std::uint64_t>(units / 4, kMaxUnits - units));
    target->capacity = 0;
    make_room(false, units + spare);
    target = &this->row(at);
    target->offset = units_used_;
    target->capacity = (units + spare) & kMaxUnits;
    units_used_ += units + spare;
  }
  if (!value.empty()) {
    std::memcpy(values() + std::size_t{8} * target->offset, value.data(), value.size());
  }
  target->size = static_cast<std::uint32_t>(value.size());
  target->presence = Presence::kPresent;
}

void RowGroup::erase(std::uint32_t from, std::uint32_t to) {
  char* place = block_ + from * stride();
  std::memmove(place, block_ + to * stride(), (count_ - to) * stride());
  count_ -= to - from;
  if (count_ == 0) units_used_ = 0;
}

// Values that were left behind are left out of the new memory. Small groups, of which there are
// many, get no room to spare.
void RowGroup::make_room(bool for_row, std::uint32_t units) {
  const bool rows_fit = !for_row || count_ < capacity_;
  if (rows_fit && units_ - units_used_ >= units) return;
  const std::uint32_t rows = rows_fit ? capacity_ : count_ + 1 + count_ / 4;
  const std::uint64_t live = units_alive();
  if (rows_fit && live + units <= units_ && close_gaps()) return;
  rebuild(rows, live + std::uint64_t{units} * (for_row ? rows - count_ : 1) +
                    (count_ < kSmallGroup ? 0 : live / 8));
}

bool RowGroup::close_gaps() {
  std::uint32_t end = 0;
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (row(i).capacity == 0) continue;
    if (row(i).offset < end) return false;
    end = row(i).offset + row(i).capacity;
  }
  units_used_ = 0;
  for (std::uint32_t i = 0; i < count_; ++i) {
    Row& moved = row(i);
    std::memmove(values() + std::size_t{8} * units_used_, values() + std::size_t{8} * moved.offset,
                 std::size_t{8} * moved.capacity);
    moved.offset = units_used_;
    units_used_ += moved.capacity;
  }
  return true;
}

void RowGroup::forget_oldest(std::uint32_t kept) {
  std::uint32_t end = 0;
  while (end + kept < count_ && row(end).dirty == 0 && !row(end).committed) ++end;
  if (end == 0) return;
  complete_from = std::max(complete_from, time(end - 1) + 1);
  is_large = true;
  erase(0, end);
  give_back_memory();
}

void RowGroup::give_back_memory() {
  if (count_ > capacity_ / 2) return;
  if (count_ == 0) {
    ::operator delete(std::exchange(block_, nullptr));
    capacity_ = units_ = units_used_ = 0;
  } else {
    rebuild(count_, units_alive());
  }
}

std::uint64_t RowGroup::units_alive() const {
  std::uint64_t units = 0;
  for (std::uint32_t i = 0; i < count_; ++i) units += row(i).capacity;
  return units;
}

void RowGroup::set_complete() {
  complete_from = kEverything;
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (row(i).presence != Presence::kUnset) continue;
    row(i).presence = Presence::kAbsent;
    row(i).in_database = false;
  }
}

void RowGroup::rebuild(std::uint32_t rows, std::uint64_t units) {
  MILLSTREAM_ASSERT(units < std::numeric_limits<std::uint32_t>::max(), "a group of 32 GB");
  char* block = static_cast<char*>(::operator new(values_at(rows) + std::size_t{8} * units));
  char* values_begin = block + values_at(rows);
  std::uint32_t used = 0;
  for (std::uint32_t i = 0; i < count_; ++i) {
    Row& moved = row(i);
    if (moved.capacity > 0) {
      std::memcpy(values_begin + std::size_t{8} * used, values() + std::size_t{8} * moved.offset,
                  std::size_t{8} * moved.capacity);
    }
    moved.offset = used;
    used += moved.capacity;
  }
  if (count_ > 0) std::memcpy(block, block_, count_ * stride());
  ::operator delete(block_);
  block_ = block;
  capacity_ = rows;
  units_used_ = used;
  units_ = static_cast<std::uint32_t>(units);
}

}  // namespace millstream::detail
