#pragma once

#include <millstream/state/detail/segmented_rows.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace millstream::detail {

/// Rows of a query, segment by segment.
class SegmentWalk final : public RowWalk {
 public:
  SegmentWalk(ByteStore& bytes, const Segments& segments, std::size_t suffix_size,
              const RowQuery& query);
  std::optional<RowView> next() override;

 private:
  void open();
  void open_all();
  void open_single_key(const std::string& prefix);
  void open_key_range(const std::string& prefix);
  [[nodiscard]] std::string upper_bound(const std::string& prefix) const;
  [[nodiscard]] bool wanted(const RowView& row) const;
  [[nodiscard]] bool done() const { return forward_ ? segment_ > last_ : segment_ < last_; }

  ByteStore& bytes_;
  Segments segments_;
  std::size_t suffix_size_;
  std::optional<std::string> key_from_;
  std::optional<std::string> key_to_;
  bool single_key_;
  Timestamp from_;
  Timestamp to_;
  Direction direction_;
  bool forward_;
  std::int64_t segment_;
  std::int64_t last_;
  std::string bounds_;
  std::unique_ptr<ByteIterator> rows_;
};

/// Rows of another walk, all read at once and ordered by time, key and the rest of the suffix,
/// which `last_first` turns round.
class SortedWalk final : public RowWalk {
 public:
  SortedWalk() = default;
  SortedWalk(RowWalk& rows, Direction direction, bool last_first);
  std::optional<RowView> next() override;

 private:
  struct Row {
    std::string key;
    std::string suffix;
    std::string value;
  };
  std::vector<Row> rows_;
  std::size_t at_ = 0;
};

/// Rows by the time index.
class TimeIndexWalk final : public RowWalk {
 public:
  TimeIndexWalk(ByteStore& bytes, const Segments& segments, std::size_t suffix_size, Timestamp from,
                Timestamp to, Direction direction);
  std::optional<RowView> next() override;

 private:
  ByteStore& bytes_;
  Segments segments_;
  std::size_t suffix_size_;
  std::unique_ptr<ByteIterator> index_;
  bool started_ = false;
  std::string row_;
  std::string value_;
};

}  // namespace millstream::detail
