#pragma once

#include <millstream/core/time.h>
#include <millstream/state/byte_store.h>
#include <millstream/state/detail/segmented_rows.h>
#include <millstream/state/store_spec.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace millstream::detail {

/// What window stores do, without types. A row's suffix is its start (8 bytes) and, where
/// duplicates are retained, its sequence number (4 bytes).
class WindowRows {
 public:
  WindowRows(ByteStore& bytes, const StoreSpec& spec);

  bool put(std::string_view key, std::string_view value, Timestamp start);
  bool erase(std::string_view key, Timestamp start);
  [[nodiscard]] std::optional<std::string_view> get(std::string_view key, Timestamp start);
  /// See ByteStore::prefetch.
  void prefetch(std::string_view key, Timestamp start, PrefetchStep step);
  [[nodiscard]] std::unique_ptr<RowWalk> fetch(std::string_view key, Timestamp from, Timestamp to,
                                               Direction direction);
  [[nodiscard]] SegmentedRows& rows() { return rows_; }
  [[nodiscard]] const SegmentedRows& rows() const { return rows_; }

 private:
  std::string_view suffix(Timestamp start);

  SegmentedRows rows_;
  bool retain_duplicates_;
  bool in_memory_;
  std::string suffix_;
};

}  // namespace millstream::detail
