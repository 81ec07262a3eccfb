#pragma once

#include <millstream/rocks/database.h>
#include <millstream/state/byte_store.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::detail {

class GroupedStore;

/// A walk over rows that were copied when it began: those of one group, mostly few.
class CopiedWalk final : public ByteIterator {
 public:
  CopiedWalk() = default;
  /// Get room for rows of that many bytes together.
  void reserve(std::size_t rows, std::size_t bytes);
  void add(std::string_view prefix, std::string_view key, std::string_view suffix,
           std::string_view value);

  [[nodiscard]] bool valid() const override { return at_ < rows_.size(); }
  [[nodiscard]] std::string_view key() const override;
  [[nodiscard]] std::string_view value() const override;
  void next() override { at_ += sizeof(Sizes) + sizes().key + sizes().value; }

 private:
  struct Sizes {
    std::size_t key;
    std::size_t value;
  };
  [[nodiscard]] Sizes sizes() const;

  std::string rows_;
  std::size_t at_ = 0;
};

/// A walk over the keys that the buffer had when it began, merged with the rows of the database
/// where the buffer may lack some. Values are read as they are when it comes to them.
class MergedWalk final : public ByteIterator {
 public:
  /// `keys`: in the order of the walk. `rows`: null where the buffer lacks nothing.
  MergedWalk(GroupedStore& store, std::vector<std::string> keys,
             std::unique_ptr<DatabaseIterator> rows, Direction direction);

  [[nodiscard]] bool valid() const override { return valid_; }
  [[nodiscard]] std::string_view key() const override { return key_; }
  [[nodiscard]] std::string_view value() const override { return value_; }
  void next() override;

 private:
  [[nodiscard]] bool row_is_first() const;
  void take_row();
  bool take_key();

  GroupedStore& store_;
  std::vector<std::string> keys_;
  std::size_t at_ = 0;
  std::unique_ptr<DatabaseIterator> rows_;
  Direction direction_;
  bool valid_ = false;
  std::string key_;
  std::string value_;
};

}  // namespace millstream::detail
