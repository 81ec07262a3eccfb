#pragma once

#include <millstream/core/windowed.h>
#include <millstream/state/byte_store.h>
#include <millstream/state/detail/segmented_rows.h>
#include <millstream/state/store_spec.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace millstream::detail {

/// Sessions of keys in [key_from, key_to] that end at `earliest_end` or later and start at
/// `latest_start` or earlier.
struct SessionQuery {
  std::optional<std::string_view> key_from;
  std::optional<std::string_view> key_to;
  bool single_key = false;
  Timestamp earliest_end = Timestamp(0);
  Timestamp latest_start = Timestamp::max();
  Direction direction = Direction::kForward;
};

/// What session stores do, without types. A row's suffix is the session's end and start (8 bytes
/// each).
class SessionRows {
 public:
  SessionRows(ByteStore& bytes, const StoreSpec& spec);

  bool put(std::string_view key, const Window& session, std::string_view value);
  void erase(std::string_view key, const Window& session);
  [[nodiscard]] std::optional<std::string_view> get(std::string_view key, const Window& session);
  [[nodiscard]] std::unique_ptr<RowWalk> find(const SessionQuery& query);
  [[nodiscard]] SegmentedRows& rows() { return rows_; }
  [[nodiscard]] const SegmentedRows& rows() const { return rows_; }

 private:
  std::string_view suffix(const Window& session);

  SegmentedRows rows_;
  bool in_memory_;
  std::string suffix_;
};

}  // namespace millstream::detail
