#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "row_group.h"

namespace millstream::detail {

/// A row that the open transaction changed, and its value now. `group` null: a later change of the
/// row took its place.
///
/// It has the whole key of the row beside its value, so that a walk over many changes reads memory
/// in order and needn't look at the groups.
struct RowChange {
  [[nodiscard]] std::string_view row_key() const { return {key, key_size}; }
  [[nodiscard]] std::string_view suffix() const { return row_key().substr(key_size - suffix_size); }
  [[nodiscard]] std::string_view value() const { return {data, size}; }

  RowGroup* group = nullptr;
  const char* key = nullptr;
  char* data = nullptr;
  std::uint32_t key_size = 0;
  std::uint32_t size = 0;
  std::uint32_t capacity = 0;
  std::uint8_t suffix_size = 0;
  bool present = false;
};
static_assert(sizeof(RowChange) == 40);

/// What the open transaction changed, in order, with memory that is used again by the next one.
class ChangeList {
 public:
  [[nodiscard]] bool empty() const { return live_ == 0; }
  [[nodiscard]] RowChange& operator[](std::uint32_t place) { return changes_[place - 1]; }
  [[nodiscard]] const RowChange& operator[](std::uint32_t place) const {
    return changes_[place - 1];
  }
  /// Add a change of a row, whose key ends with the suffix; its place, from 1.
  std::uint32_t add(RowGroup& group, std::string_view row_key);
  /// Make a change the last one; its new place.
  std::uint32_t move_to_end(std::uint32_t place);
  void set_value(RowChange& change, std::string_view value);
  void clear();
  /// Memory of the keys and values. **Units**: bytes.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// What of it is in use, with what a change takes. **Units**: bytes.
  [[nodiscard]] std::size_t used_bytes() const {
    return allocated_ + changes_.size() * sizeof(RowChange);
  }

  /// Call `visit(change)` in order.
  template <class F>
  void for_each(F visit) const {
    for (const RowChange& change : changes_) {
      if (change.group != nullptr) visit(change);
    }
  }
  /// The same for a visitor that looks at the groups: memory is asked for them ahead.
  template <class F>
  void for_each_with_group(F visit) const {
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      prefetch(i);
      if (changes_[i].group != nullptr) visit(changes_[i]);
    }
  }

 private:
  char* allocate(std::size_t size);
  void compact();
  /// Ask memory for the groups of changes behind the i-th, and nearer ones' rows.
  void prefetch(std::size_t i) const {
    constexpr std::size_t kGroupsAhead = 16;
    constexpr std::size_t kRowsAhead = 8;
    if (i + kGroupsAhead >= changes_.size()) return;
    if (const RowGroup* group = changes_[i + kGroupsAhead].group) group->prefetch();
    if (const RowGroup* group = changes_[i + kRowsAhead].group) group->prefetch_rows();
  }

  std::vector<RowChange> changes_;
  std::size_t live_ = 0;
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };
  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0;
  std::size_t used_ = 0;
  std::size_t bytes_ = 0;
  std::size_t allocated_ = 0;
};

}  // namespace millstream::detail
