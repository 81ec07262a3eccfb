#pragma once

#include <millstream/core/result.h>
#include <millstream/state/byte_store.h>
#include <millstream/state/detail/segmented_rows.h>
#include <millstream/state/detail/versioned_rows.h>
#include <millstream/state/store_spec.h>
#include <millstream/state/task_state.h>

#include <optional>
#include <string>
#include <string_view>

namespace millstream::detail {

/// A row as its changelog record; nothing for rows that aren't logged. `scratch` holds what the
/// record's key needs. Not for kVersioned, whose changes are appended.
std::optional<ChangelogRecord> to_changelog(const StoreSpec& spec, std::string_view key,
                                            std::optional<std::string_view> value,
                                            std::string& scratch);

/// Writes changelog records back as rows.
class ChangelogReader {
 public:
  ChangelogReader(ByteStore& store, const StoreSpec& spec);
  /// **Errors**: kData for a key or value that such a store can't have written.
  Status apply(const ChangelogRecord& record);
  /// A hint that a record will be applied soon. See ByteStore::prefetch.
  void prefetch(const ChangelogRecord& record, PrefetchStep step);

 private:
  Status apply_timed(const ChangelogRecord& record);
  std::optional<std::string_view> stored_value(const ChangelogRecord& record);

  ByteStore& store_;
  const StoreSpec& spec_;
  std::optional<SegmentedRows> timed_;
  std::optional<VersionedRows> versioned_;
  std::string value_buffer_;
};

}  // namespace millstream::detail
