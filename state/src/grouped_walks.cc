#include "grouped_walks.h"

#include <cstring>
#include <utility>

#include "grouped_store.h"

namespace millstream::detail {

void CopiedWalk::reserve(std::size_t rows, std::size_t bytes) {
  rows_.reserve(rows * sizeof(Sizes) + bytes);
}

void CopiedWalk::add(std::string_view prefix, std::string_view key, std::string_view suffix,
                     std::string_view value) {
  const Sizes sizes{prefix.size() + key.size() + suffix.size(), value.size()};
  char raw[sizeof sizes];
  std::memcpy(raw, &sizes, sizeof sizes);
  rows_.append(raw, sizeof raw).append(prefix).append(key).append(suffix).append(value);
}

CopiedWalk::Sizes CopiedWalk::sizes() const {
  Sizes sizes{};
  std::memcpy(&sizes, rows_.data() + at_, sizeof sizes);
  return sizes;
}

std::string_view CopiedWalk::key() const {
  return std::string_view(rows_).substr(at_ + sizeof(Sizes), sizes().key);
}

std::string_view CopiedWalk::value() const {
  const Sizes here = sizes();
  return std::string_view(rows_).substr(at_ + sizeof(Sizes) + here.key, here.value);
}

MergedWalk::MergedWalk(GroupedStore& store, std::vector<std::string> keys,
                       std::unique_ptr<DatabaseIterator> rows, Direction direction)
    : store_(store), keys_(std::move(keys)), rows_(std::move(rows)), direction_(direction) {
  next();
}

bool MergedWalk::row_is_first() const {
  if (!rows_ || !rows_->valid()) return false;
  if (at_ == keys_.size()) return true;
  return direction_ == Direction::kForward ? rows_->key() < keys_[at_] : rows_->key() > keys_[at_];
}

void MergedWalk::take_row() {
  key_.assign(rows_->key());
  value_.assign(rows_->value());
  rows_->next();
}

bool MergedWalk::take_key() {
  key_.swap(keys_[at_++]);
  const auto value = store_.get(key_);
  if (value) value_.assign(*value);
  return value.has_value();
}

void MergedWalk::next() {
  valid_ = false;
  while (!valid_) {
    if (rows_) store_.require(rows_->status());
    if (row_is_first()) {
      take_row();
      valid_ = true;
    } else if (at_ < keys_.size()) {
      if (rows_ && rows_->valid() && rows_->key() == keys_[at_]) rows_->next();
      valid_ = take_key();
    } else {
      return;
    }
  }
}

}  // namespace millstream::detail
