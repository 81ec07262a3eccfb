#pragma once

#include <millstream/core/time.h>
#include <millstream/state/byte_store.h>
#include <millstream/state/detail/segmented_rows.h>
#include <millstream/state/store_spec.h>

#include <optional>
#include <string>
#include <string_view>

namespace millstream::detail {

/// The versions of keys, as bytes.
///
/// A key's last version, unless it is a tombstone, is the row: a 0 byte, key → since when (8
/// bytes), value. Each earlier one is the row: segment of its end (6), key, end (8) → since when
/// (8), 1 and the value, or 0 for a tombstone. So expiry drops segments, reading the last version
/// is one look-up, and the version of a time is the first row whose end is greater. A version from
/// and to the same time only marks where a later tombstone began.
class VersionedRows {
 public:
  struct Version {
    std::string_view value;
    Timestamp from;
    std::optional<Timestamp> to;
  };
  struct Put {
    bool stored = false;
    std::optional<Timestamp> valid_to;
  };

  VersionedRows(ByteStore& bytes, const StoreSpec& spec);

  Put put(std::string_view key, std::optional<std::string_view> value, Timestamp time);
  /// **Lifetime**: the value until the next call.
  [[nodiscard]] std::optional<Version> get(std::string_view key);
  [[nodiscard]] std::optional<Version> get(std::string_view key, Timestamp as_of);
  [[nodiscard]] Timestamp observed() const { return bytes_->numbers().observed; }
  /// Whether a time is older than the history.
  [[nodiscard]] bool is_expired(Timestamp time) const { return time < observed() - history_; }

 private:
  /// An earlier version: [from, to), a tombstone if it has no value.
  struct Row {
    Timestamp from;
    Timestamp to;
    bool has_value = false;
    std::string value;
  };

  void observe(Timestamp time);
  std::string_view latest_key(std::string_view key);
  std::string_view row_key(std::string_view key, Timestamp to);
  /// The first earlier version that ends after `time`.
  std::optional<Row> first_ending_after(std::string_view key, Timestamp time);
  void write(std::string_view key, Timestamp from, Timestamp to,
             std::optional<std::string_view> value);
  void mark_boundary(std::string_view key, Timestamp time);
  void put_latest(std::string_view key, std::optional<std::string_view> value, Timestamp time,
                  const std::optional<Version>& latest);
  Timestamp put_earlier(std::string_view key, std::optional<std::string_view> value, Timestamp time,
                        const std::optional<Row>& row, Timestamp latest_from);

  ByteStore* bytes_;
  Segments segments_;
  Duration history_;
  std::string key_buffer_;
  std::string value_buffer_;
  std::string result_;
};

}  // namespace millstream::detail
