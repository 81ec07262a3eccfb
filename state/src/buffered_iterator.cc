#include "buffered_iterator.h"

#include <utility>

#include "buffered_store.h"

namespace millstream::detail {

BufferedIterator::BufferedIterator(BufferedStore& store, std::string_view from, std::string_view to,
                                   Direction direction)
    : BufferedIterator(store, from, to, direction, {}, {}) {}

BufferedIterator::BufferedIterator(BufferedStore& store, std::string_view from, std::string_view to,
                                   Direction direction, std::string_view low, std::string_view high)
    : store_(store), direction_(direction), may_load_(!high.empty()) {
  bounds_.reserve(from.size() + to.size() + low.size() + high.size());
  bounds_.append(from).append(to).append(low).append(high);
  std::string_view rest = bounds_;
  for (auto [bound, size] :
       {std::pair(&from_, from.size()), std::pair(&to_, to.size()),
        std::pair(&group_low_, low.size()), std::pair(&group_high_, high.size())}) {
    *bound = rest.substr(0, size);
    rest.remove_prefix(size);
  }
  next();
}

void BufferedIterator::seek() {
  version_ = store_.index().version();
  if (forward()) {
    position_ = started_ ? store_.index().after(key_) : store_.index().at_or_after(from_);
  } else if (started_) {
    position_ = store_.index().at_or_after(key_);
  } else {
    position_ = to_.empty() ? store_.index().end() : store_.index().at_or_after(to_);
  }
}

const Entry* BufferedIterator::candidate() const {
  if (forward()) {
    if (position_ == store_.index().end()) return nullptr;
    const Entry* entry = *position_;
    return to_.empty() || entry->key() < to_ ? entry : nullptr;
  }
  if (position_ == store_.index().begin()) return nullptr;
  const Entry* entry = *std::prev(position_);
  return entry->key() >= from_ ? entry : nullptr;
}

void BufferedIterator::close_gap() {
  if (may_load_) {
    may_load_ = false;
    store_.load_group(group_low_, group_high_);
    seek();
    if (store_.gap_complete(position_)) return;
  }
  open_rows();
}

void BufferedIterator::open_rows() {
  spills_ = store_.spills();
  if (!started_) {
    rows_ = store_.database_rows(from_, to_, direction_);
  } else if (forward()) {
    rows_ = store_.database_rows(key_ + '\0', to_, direction_);
  } else {
    rows_ = store_.database_rows(from_, key_, direction_);
  }
}

const Entry* BufferedIterator::next_buffered() {
  if (version_ != store_.index().version()) seek();
  if (rows_) {
    if (spills_ != store_.spills()) open_rows();
  } else if (!store_.gap_complete(position_)) {
    close_gap();
  }
  return candidate();
}

void BufferedIterator::step() {
  if (forward()) {
    ++position_;
  } else {
    --position_;
  }
}

bool BufferedIterator::row_is_first(const Entry* entry) const {
  if (!rows_ || !rows_->valid()) return false;
  if (entry == nullptr) return true;
  return forward() ? rows_->key() < entry->key() : rows_->key() > entry->key();
}

bool BufferedIterator::row_is_passed() const {
  return started_ && (forward() ? rows_->key() <= key_ : rows_->key() >= key_);
}

void BufferedIterator::take_row() {
  key_.assign(rows_->key());
  value_.assign(rows_->value());
  rows_->next();
}

void BufferedIterator::next() {
  valid_ = false;
  if (!to_.empty() && to_ <= from_) return;
  while (!valid_) {
    const Entry* entry = next_buffered();
    while (rows_ && rows_->valid() && row_is_passed()) rows_->next();
    if (rows_) store_.require(rows_->status());
    if (row_is_first(entry)) {
      take_row();
      valid_ = true;
    } else if (entry != nullptr) {
      const Slot& visible = entry->visible();
      valid_ = visible.presence == Presence::kPresent;
      key_.assign(entry->key());
      if (valid_) value_.assign(visible.view());
      step();
    } else {
      return;
    }
    started_ = true;
  }
}

}  // namespace millstream::detail
