#include "change_list.h"

#include <millstream/core/assert.h>

#include <algorithm>

namespace millstream::detail {
namespace {

constexpr std::size_t kChunk = std::size_t{64} << 10U;
// Kept from one transaction to the next.
constexpr std::size_t kKeptChunks = 4;

}  // namespace

std::uint32_t ChangeList::add(RowGroup& group, std::string_view row_key) {
  MILLSTREAM_ASSERT(changes_.size() < kMaxValueSize, "a transaction of 500 million rows");
  char* key = allocate(row_key.size());
  std::memcpy(key, row_key.data(), row_key.size());
  RowChange& change = changes_.emplace_back();
  change.group = &group;
  change.key = key;
  change.key_size = static_cast<std::uint32_t>(row_key.size());
  change.suffix_size = group.suffix_size;
  ++live_;
  return static_cast<std::uint32_t>(changes_.size());
}

std::uint32_t ChangeList::move_to_end(std::uint32_t place) {
  if (place == changes_.size()) return place;
  changes_.push_back(changes_[place - 1]);
  changes_[place - 1].group = nullptr;
  if (changes_.size() > 64 && changes_.size() > 2 * live_) compact();
  return static_cast<std::uint32_t>(changes_.size());
}

// The rows are told their new places.
void ChangeList::compact() {
  std::erase_if(changes_, [](const RowChange& change) { return change.group == nullptr; });
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    const RowChange& change = changes_[i];
    change.group->row(change.group->lower_bound(change.suffix())).dirty =
        static_cast<std::uint32_t>(i + 1);
  }
}

void ChangeList::set_value(RowChange& change, std::string_view value) {
  MILLSTREAM_ASSERT(value.size() <= kMaxValueSize, "a value of 512 MB");
  if (value.size() > change.capacity) {
    const std::size_t room = change.capacity == 0 ? value.size() : value.size() + value.size() / 4;
    char* data = allocate(room);
    std::memcpy(data, value.data(), value.size());
    change.data = data;
    change.capacity = static_cast<std::uint32_t>(room);
  } else if (!value.empty()) {
    std::memmove(change.data, value.data(), value.size());
  }
  change.size = static_cast<std::uint32_t>(value.size());
  change.present = true;
}

char* ChangeList::allocate(std::size_t size) {
  while (chunk_ < chunks_.size() && chunks_[chunk_].size - used_ < size) {
    ++chunk_;
    used_ = 0;
  }
  if (chunk_ == chunks_.size()) {
    const std::size_t chunk = std::max(size, kChunk);
    chunks_.push_back({std::unique_ptr<char[]>(new char[chunk]), chunk});
    bytes_ += chunk;
  }
  char* place = chunks_[chunk_].bytes.get() + used_;
  used_ += size;
  allocated_ += size;
  return place;
}

void ChangeList::clear() {
  changes_.clear();
  if (changes_.capacity() > kKeptChunks * 1024) changes_.shrink_to_fit();
  live_ = 0;
  while (!chunks_.empty() && (chunks_.size() > kKeptChunks || chunks_.back().size > kChunk)) {
    bytes_ -= chunks_.back().size;
    chunks_.pop_back();
  }
  chunk_ = 0;
  used_ = 0;
  allocated_ = 0;
}

}  // namespace millstream::detail
