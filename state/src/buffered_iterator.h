#pragma once

#include <millstream/rocks/database.h>
#include <millstream/state/byte_store.h>

#include <memory>
#include <string>
#include <string_view>

#include "entry_index.h"

namespace millstream::detail {

class BufferedStore;

/// A walk over a store's buffer, and over the database only where the buffer may have gaps. Holds
/// copies of the row it stands on, and finds its place again when the buffer has changed.
class BufferedIterator final : public ByteIterator {
 public:
  BufferedIterator(BufferedStore& store, std::string_view from, std::string_view to,
                   Direction direction);
  /// The same; where there is a gap, all of [low, high) is loaded first.
  BufferedIterator(BufferedStore& store, std::string_view from, std::string_view to,
                   Direction direction, std::string_view low, std::string_view high);

  [[nodiscard]] bool valid() const override { return valid_; }
  [[nodiscard]] std::string_view key() const override { return key_; }
  [[nodiscard]] std::string_view value() const override { return value_; }
  void next() override;

 private:
  [[nodiscard]] bool forward() const { return direction_ == Direction::kForward; }
  void seek();
  /// The buffered entry that comes next, or null. Makes sure that the database is asked for the gap
  /// before it.
  const Entry* next_buffered();
  const Entry* candidate() const;
  void close_gap();
  void open_rows();
  void step();
  /// Whether the database's row comes before the buffered entry.
  [[nodiscard]] bool row_is_first(const Entry* entry) const;
  [[nodiscard]] bool row_is_passed() const;
  void take_row();

  BufferedStore& store_;
  /// The four bounds, one behind the other: one allocation a walk.
  std::string bounds_;
  std::string_view from_;
  std::string_view to_;
  std::string_view group_low_;
  std::string_view group_high_;
  Direction direction_;
  bool may_load_;
  bool started_ = false;
  bool valid_ = false;
  /// Forward: the next entry. Reverse: the entry after the next one.
  EntryIndex::Position position_;
  std::uint64_t version_ = 0;
  std::uint64_t spills_ = 0;
  std::unique_ptr<DatabaseIterator> rows_;
  std::string key_;
  std::string value_;
};

}  // namespace millstream::detail
