#pragma once

#include <millstream/core/big_endian.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string_view>

#include "entry.h"
#include "evictable.h"
#include "key_table.h"

namespace millstream::detail {

struct RowSegment;

/// What is known of a row, and where in its group its committed value lies. The row's suffix stands
/// behind it. `capacity` and `offset` count in units of 8 bytes.
struct Row {
  /// Its place, from 1, in the list of what the open transaction changed; 0: unchanged.
  std::uint32_t dirty;
  std::uint32_t offset;
  std::uint32_t size;
  std::uint32_t capacity : 28;
  /// Of the committed value; kUnset: only the database knows.
  Presence presence : 2;
  /// The committed value is newer than the database.
  bool committed : 1;
  /// The database may have the row.
  bool in_database : 1;
};
static_assert(sizeof(Row) == 16);

/// The rows of one key in one segment, in the order of their suffixes, in one piece of memory: an
/// array of rows, then their values. **Lifetime**: made by `make_row_group`, owned by a table.
class RowGroup : public Evictable {
 public:
  /// Bounds of `complete_from`.
  static constexpr std::int64_t kEverything = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t kNothing = std::numeric_limits<std::int64_t>::max();

  [[nodiscard]] std::string_view key() const {
    return {reinterpret_cast<const char*>(this + 1), key_size};
  }
  [[nodiscard]] std::uint32_t size() const { return count_; }
  [[nodiscard]] Row& row(std::uint32_t at) const {
    return *reinterpret_cast<Row*>(block_ + at * stride());
  }
  [[nodiscard]] std::string_view suffix(std::uint32_t at) const {
    return {block_ + at * stride() + sizeof(Row), suffix_size};
  }
  [[nodiscard]] std::int64_t time(std::uint32_t at) const;
  [[nodiscard]] std::string_view value(const Row& row) const {
    return {values() + std::size_t{8} * row.offset, row.size};
  }
  /// The first row whose suffix is not less.
  [[nodiscard]] std::uint32_t lower_bound(std::string_view suffix) const;
  [[nodiscard]] bool is_at(std::uint32_t at, std::string_view suffix) const {
    return at < count_ && order(at, suffix) == 0;
  }
  /// A row with nothing known of it, and room for a value.
  Row& insert(std::uint32_t at, std::string_view suffix, std::size_t value_size);
  /// Set a row's committed value. `value` doesn't lie in this group.
  void assign(Row& row, std::string_view value);
  void erase(std::uint32_t from, std::uint32_t to);
  /// All rows that the database has are here now.
  void set_complete();
  /// Forget the oldest rows but the last `kept`, as far as they are clean.
  void forget_oldest(std::uint32_t kept);
  /// Free what erased rows took.
  void give_back_memory();

  /// Ask memory for the group and its key; for its first rows, and the last value.
  void prefetch() const {
    for (std::size_t i = 0; i < sizeof(RowGroup) + key_room(); i += 64) {
      __builtin_prefetch(reinterpret_cast<const char*>(this) + i, 1);
    }
  }
  void prefetch_rows() const {
    if (block_ == nullptr) return;
    __builtin_prefetch(block_, 1);
    __builtin_prefetch(block_ + 64, 1);
    __builtin_prefetch(values() + std::size_t{8} * units_used_ - 1, 1);
  }
  /// Bytes of memory, roughly as the allocator and the table count them.
  [[nodiscard]] std::size_t footprint() const;

  RowSegment* segment = nullptr;
  /// Rows of this time and later are all here.
  std::int64_t complete_from = kNothing;
  std::uint32_t hash = 0;
  std::uint32_t key_size = 0;
  /// Rows that the open transaction changed, and rows to be written to the database.
  std::uint32_t dirty_rows = 0;
  std::uint32_t committed_rows = 0;
  std::uint8_t suffix_size = 0;
  /// Has too many rows in the database to be read as a whole.
  bool is_large = false;

 private:
  friend struct RowGroupDeleter;

  /// Less than 0 where a row's suffix comes before `suffix`, 0 where it is the same. Mostly decided
  /// by the time at their begin.
  [[nodiscard]] int order(std::uint32_t at, std::string_view suffix) const {
    if (suffix.size() != suffix_size) return this->suffix(at).compare(suffix);
    const char* own = block_ + at * stride() + sizeof(Row);
    const std::uint64_t own_time = leading_number(own);
    const std::uint64_t time = leading_number(suffix.data());
    if (own_time != time) return own_time < time ? -1 : 1;
    if (suffix_size == sizeof(time)) return 0;
    if (suffix_size == sizeof(time) + sizeof(std::uint32_t)) {
      const std::string_view rest(own, suffix_size);
      const auto own_rest = read_big_endian<std::uint32_t>(rest, sizeof(time));
      const auto other_rest = read_big_endian<std::uint32_t>(suffix, sizeof(time));
      if (own_rest == other_rest) return 0;
      return own_rest < other_rest ? -1 : 1;
    }
    return std::memcmp(own + sizeof(time), suffix.data() + sizeof(time),
                       suffix_size - sizeof(time));
  }
  static std::uint64_t leading_number(const char* bytes) {
    return read_big_endian<std::uint64_t>(std::string_view(bytes, sizeof(std::uint64_t)));
  }
  static constexpr std::size_t key_room() { return 16; }
  [[nodiscard]] std::size_t stride() const { return sizeof(Row) + suffix_size; }
  [[nodiscard]] std::size_t values_at(std::uint32_t rows) const {
    return (rows * stride() + 7) & ~std::size_t{7};
  }
  [[nodiscard]] char* values() const { return block_ + values_at(capacity_); }
  [[nodiscard]] std::uint64_t units_alive() const;
  void make_room(bool for_row, std::uint32_t units);
  /// Move the values together; false where they don't lie in the order of their rows.
  bool close_gaps();
  void rebuild(std::uint32_t rows, std::uint64_t units);

  char* block_ = nullptr;
  std::uint32_t count_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint32_t units_used_ = 0;
  std::uint32_t units_ = 0;
};

struct RowGroupDeleter {
  void operator()(RowGroup* group) const;
};
using RowGroupTable = KeyTable<RowGroup, RowGroupDeleter>;

[[nodiscard]] RowGroupTable::ItemPtr make_row_group(std::string_view key, std::uint32_t hash,
                                                    std::uint8_t suffix_size);

}  // namespace millstream::detail
