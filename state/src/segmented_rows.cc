#include <millstream/core/big_endian.h>
#include <millstream/state/detail/segmented_rows.h>

#include <algorithm>
#include <cstring>

#include "row_layout.h"
#include "row_walks.h"

namespace millstream::detail {
namespace {

// Leaves room below the segments for other rows, and fits every time: 2^63 / 60,000 + 2^40 < 2^48.
constexpr std::uint64_t kSegmentBias = std::uint64_t{1} << 40U;
constexpr std::int64_t kMinInterval = 60'000;
constexpr std::string_view kFirstSegmentRow("\x01", 1);
constexpr char kIndexPrefix = '\0';

}  // namespace

Segments::Segments(Duration retention) : interval_(std::max(retention.count() / 2, kMinInterval)) {}

void Segments::append_prefix(std::string& out, Timestamp time) const {
  const auto eight = detail::big_endian(static_cast<std::uint64_t>(of(time)) + kSegmentBias);
  static_assert(sizeof(eight) >= kSegmentPrefixSize);
  out.append(reinterpret_cast<const char*>(&eight) + sizeof(eight) - kSegmentPrefixSize,
             kSegmentPrefixSize);
}

std::int64_t segment_number(std::string_view prefix) {
  std::string eight(8 - kSegmentPrefixSize, '\0');
  eight.append(prefix.substr(0, kSegmentPrefixSize));
  return static_cast<std::int64_t>(read_big_endian<std::uint64_t>(eight) - kSegmentBias);
}

std::size_t row_suffix_size(const StoreSpec& spec) {
  if (spec.kind == StoreKind::kSession) return kSessionSuffixSize;
  return spec.retain_duplicates ? 12 : 8;
}

Timestamp RowView::time() const { return Timestamp(read_big_endian<std::int64_t>(suffix)); }
Timestamp RowView::second_time() const {
  return Timestamp(read_big_endian<std::int64_t>(suffix, 8));
}

SegmentedRows::SegmentedRows(ByteStore& bytes, const StoreSpec& spec, std::size_t suffix_size)
    : bytes_(&bytes),
      segments_(spec.retention),
      retention_(spec.retention),
      suffix_size_(suffix_size),
      time_index_(spec.time_index),
      by_time_(!spec.persistent) {}

Timestamp SegmentedRows::first_visible() const {
  const Timestamp first = observed() - retention_ + Duration(1);
  return std::max(first, Timestamp(0));
}

Timestamp SegmentedRows::first_kept() const {
  const Timestamp first = first_visible() - Duration(time_index_ ? 1 : 0);
  return std::max(first, Timestamp(0));
}

Timestamp SegmentedRows::first_live() const {
  if (by_time_) return first_visible();
  const Timestamp last_hidden = std::max(first_visible() - Duration(1), Timestamp(0));
  return segments_.start_of(segments_.of(last_hidden));
}

void SegmentedRows::observe(Timestamp time) {
  StoreNumbers& numbers = bytes_->numbers();
  if (time <= numbers.observed) return;
  const std::int64_t live_before = segments_.of(first_kept());
  numbers.observed = time;
  const std::int64_t live = segments_.of(first_kept());
  if (live == live_before) return;
  std::string end;
  segments_.append_prefix(end, segments_.start_of(live));
  bytes_->drop_range(kFirstSegmentRow, end);
  if (!time_index_) return;
  end.assign(1, kIndexPrefix);
  append_big_endian(end, segments_.start_of(live).ms());
  bytes_->drop_range(std::string_view(&kIndexPrefix, 1), end);
}

std::string_view SegmentedRows::row_key(std::string_view key, std::string_view suffix) {
  const Timestamp time(read_big_endian<std::int64_t>(suffix));
  if (segment_prefix_.empty() || !segments_.in_segment_of(segment_start_, time)) {
    segment_prefix_.clear();
    segments_.append_prefix(segment_prefix_, time);
    segment_start_ = segments_.start_of(segments_.of(time));
  }
  // By pieces of fixed size where there are such: this is done several times for each record.
  row_buffer_.resize(kSegmentPrefixSize + key.size() + suffix.size());
  std::memcpy(row_buffer_.data(), segment_prefix_.data(), kSegmentPrefixSize);
  char* const end = std::copy(key.begin(), key.end(), row_buffer_.data() + kSegmentPrefixSize);
  constexpr std::size_t kPiece = 4;
  static_assert(kSessionSuffixSize % kPiece == 0);
  for (std::size_t at = 0; at < suffix.size(); at += kPiece) {
    std::memcpy(end + at, suffix.data() + at, kPiece);
  }
  return row_buffer_;
}

std::string_view SegmentedRows::index_key(std::string_view key, std::string_view suffix) {
  index_buffer_.assign(1, kIndexPrefix);
  index_buffer_.append(suffix.substr(0, 8));
  index_buffer_.append(key);
  index_buffer_.append(suffix.substr(8));
  return index_buffer_;
}

std::optional<std::string_view> SegmentedRows::get(std::string_view key, std::string_view suffix) {
  return bytes_->get(row_key(key, suffix));
}

void SegmentedRows::put(std::string_view key, std::string_view suffix, std::string_view value) {
  const std::string_view row = row_key(key, suffix);
  if (time_index_ && !bytes_->get(row)) bytes_->put(index_key(key, suffix), {});
  bytes_->put(row, value);
}

void SegmentedRows::erase(std::string_view key, std::string_view suffix) {
  bytes_->erase(row_key(key, suffix));
  if (time_index_) bytes_->erase(index_key(key, suffix));
}

std::unique_ptr<RowWalk> SegmentedRows::walk(const RowQuery& query) {
  RowQuery clipped = query;
  clipped.from = std::max(query.from, first_visible());
  clipped.to = std::min(query.to, observed());
  if (clipped.from > clipped.to) return std::make_unique<SortedWalk>();
  auto rows = std::make_unique<SegmentWalk>(*bytes_, segments_, suffix_size_, clipped);
  if (!by_time_ || (query.single_key && !sessions())) return rows;
  return std::make_unique<SortedWalk>(*rows, query.direction, sessions());
}

std::unique_ptr<RowWalk> SegmentedRows::walk_by_time(Timestamp from, Timestamp to,
                                                     Direction direction) {
  from = std::max(from, Timestamp(0));
  to = std::min(to, observed());
  if (from > to) return std::make_unique<SortedWalk>();
  if (time_index_) {
    return std::make_unique<TimeIndexWalk>(*bytes_, segments_, suffix_size_, from, to, direction);
  }
  RowQuery query;
  query.from = from;
  query.to = to;
  SegmentWalk rows(*bytes_, segments_, suffix_size_, query);
  return std::make_unique<SortedWalk>(rows, direction, by_time_ && sessions());
}

}  // namespace millstream::detail
