#include "row_walks.h"

#include <millstream/core/big_endian.h>
#include <millstream/state/detail/typed_bytes.h>

#include <algorithm>
#include <limits>

namespace millstream::detail {

SegmentWalk::SegmentWalk(ByteStore& bytes, const Segments& segments, std::size_t suffix_size,
                         const RowQuery& query)
    : bytes_(bytes),
      segments_(segments),
      suffix_size_(suffix_size),
      key_from_(query.key_from),
      key_to_(query.single_key ? std::nullopt : query.key_to),
      single_key_(query.single_key),
      from_(query.from),
      to_(query.to),
      direction_(query.direction),
      forward_(query.direction == Direction::kForward),
      segment_(segments.of(forward_ ? from_ : to_)),
      last_(segments.of(forward_ ? to_ : from_)) {}

void SegmentWalk::open() {
  if (!key_from_ && !key_to_) return open_all();
  std::string prefix;
  segments_.append_prefix(prefix, segments_.start_of(segment_));
  if (single_key_) {
    open_single_key(prefix);
  } else {
    open_key_range(prefix);
  }
}

// Times of a segment begin with the same bytes, so that its bounds keep longer keys out of the
// group.
void SegmentWalk::open_single_key(const std::string& prefix) {
  const std::size_t group = prefix.size() + key_from_->size();
  const std::size_t size = group + suffix_size_ + 1;
  bounds_.clear();
  bounds_.reserve(4 * size);
  const auto add_bound = [&](Timestamp time, char fill) {
    const std::size_t begin = bounds_.size();
    bounds_.append(prefix).append(*key_from_);
    append_big_endian(bounds_, time.ms());
    bounds_.resize(begin + size, fill);
  };
  add_bound(from_, '\0');
  add_bound(to_, '\xFF');
  add_bound(segments_.start_of(segment_), '\0');
  add_bound(segments_.end_of(segment_), '\xFF');
  // A lower bound ends with its time, so that it isn't above a row of that time.
  const auto bound = [&](std::size_t n, std::size_t length) {
    return std::string_view(bounds_).substr(n * size, length);
  };
  rows_ = bytes_.scan_group(bound(0, group + 8), bound(1, size), direction_, bound(2, group + 8),
                            bound(3, size));
}

// Not below any row whose key is at most `key_to_`: such a key is less than it at some byte, or
// begins it; then its suffix, which holds times up to `to_`, decides.
std::string SegmentWalk::upper_bound(const std::string& prefix) const {
  std::string highest;
  for (std::size_t size = 0; size <= key_to_->size(); ++size) {
    std::string bound = prefix + key_to_->substr(0, size);
    append_big_endian(bound, to_.ms());
    bound.append(suffix_size_ - 8 + 1, '\xFF');
    highest = std::max(highest, bound);
  }
  return highest;
}

// Without bounds of keys one scan goes over all segments: those that hold nothing cost nothing.
void SegmentWalk::open_all() {
  std::string from;
  segments_.append_prefix(from, from_);
  std::string to;
  segments_.append_prefix(to, to_);
  rows_ = bytes_.scan(from, end_of_prefix(to), direction_);
  segment_ = last_;
}

void SegmentWalk::open_key_range(const std::string& prefix) {
  std::string to;
  if (key_to_) {
    to = upper_bound(prefix);
  } else {
    segments_.append_prefix(to, segments_.end_of(segment_));
    to = end_of_prefix(to);
  }
  rows_ = bytes_.scan(key_from_ ? prefix + *key_from_ : prefix, to, direction_);
}

bool SegmentWalk::wanted(const RowView& row) const {
  if (row.time() < from_ || row.time() > to_) return false;
  if (key_from_ && row.key < *key_from_) return false;
  return !key_to_ || row.key <= *key_to_;
}

std::optional<RowView> SegmentWalk::next() {
  while (!done()) {
    if (!rows_) {
      open();
    } else {
      rows_->next();
    }
    for (; rows_->valid(); rows_->next()) {
      std::string_view row = rows_->key();
      if (row.size() < kSegmentPrefixSize + suffix_size_) continue;
      row.remove_prefix(kSegmentPrefixSize);
      const std::size_t key_size = row.size() - suffix_size_;
      const RowView view{row.substr(0, key_size), row.substr(key_size), rows_->value()};
      if (single_key_ ? key_size == key_from_->size() : wanted(view)) return view;
    }
    rows_.reset();
    segment_ += forward_ ? 1 : -1;
  }
  return std::nullopt;
}

SortedWalk::SortedWalk(RowWalk& rows, Direction direction, bool last_first) {
  while (const auto row = rows.next()) {
    rows_.push_back({std::string(row->key), std::string(row->suffix), std::string(row->value)});
  }
  std::ranges::sort(rows_, [last_first](const Row& a, const Row& b) {
    if (const int order = a.suffix.compare(0, 8, b.suffix, 0, 8); order != 0) return order < 0;
    if (const int order = a.key.compare(b.key); order != 0) return order < 0;
    return last_first ? b.suffix < a.suffix : a.suffix < b.suffix;
  });
  if (direction == Direction::kReverse) std::ranges::reverse(rows_);
}

std::optional<RowView> SortedWalk::next() {
  if (at_ == rows_.size()) return std::nullopt;
  const Row& row = rows_[at_++];
  return RowView{row.key, row.suffix, row.value};
}

TimeIndexWalk::TimeIndexWalk(ByteStore& bytes, const Segments& segments, std::size_t suffix_size,
                             Timestamp from, Timestamp to, Direction direction)
    : bytes_(bytes), segments_(segments), suffix_size_(suffix_size) {
  std::string low(1, '\0');
  append_big_endian(low, from.ms());
  std::string high(1, '\0');
  append_big_endian(high, to.ms());
  // Behind all rows of that time: as times aren't negative, the next one's bytes.
  if (to == Timestamp::max()) {
    high.assign(1, '\1');
  } else {
    high.resize(1);
    append_big_endian(high, to.ms() + 1);
  }
  index_ = bytes_.scan(low, high, direction);
}

std::optional<RowView> TimeIndexWalk::next() {
  while (true) {
    if (started_) index_->next();
    started_ = true;
    if (!index_->valid()) return std::nullopt;
    const std::string_view entry = index_->key().substr(1);
    if (entry.size() < suffix_size_) continue;
    const std::size_t key_size = entry.size() - suffix_size_;
    row_.clear();
    segments_.append_prefix(row_, Timestamp(read_big_endian<std::int64_t>(entry)));
    row_.append(entry.substr(8, key_size));
    row_.append(entry.substr(0, 8));
    row_.append(entry.substr(8 + key_size));
    const auto value = bytes_.get(row_);
    if (!value) continue;
    value_.assign(*value);
    const std::string_view row = row_;
    return RowView{row.substr(kSegmentPrefixSize, key_size),
                   row.substr(kSegmentPrefixSize + key_size), value_};
  }
}

}  // namespace millstream::detail
