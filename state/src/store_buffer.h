#pragma once

#include <millstream/core/result.h>
#include <millstream/rocks/database.h>
#include <millstream/state/byte_store.h>
#include <millstream/state/store_spec.h>
#include <millstream/state/task_state.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace millstream::detail {

class EntryCache;

/// A store with what TaskState does to it between commits.
class StoreBuffer : public ByteStore {
 public:
  [[nodiscard]] virtual const StoreSpec& spec() const = 0;
  [[nodiscard]] virtual bool in_memory() const = 0;
  [[nodiscard]] virtual bool has_changes() const = 0;
  /// Visit the dirty rows, without what was before.
  using RowVisitor =
      std::function<void(std::string_view key, std::optional<std::string_view> value)>;
  virtual void for_each_change(const RowVisitor& visit) const = 0;
  /// Visit what `append_change` noted.
  virtual void for_each_appended(const TaskState::ChangeVisitor& visit) const = 0;

  /// Keys and values that the open transaction changed. **Units**: bytes, roughly.
  [[nodiscard]] virtual std::size_t uncommitted_bytes() const = 0;
  virtual void commit() = 0;
  virtual void abort() = 0;
  /// Bytes that are committed and not yet in the database.
  [[nodiscard]] virtual std::size_t committed_bytes() const = 0;
  [[nodiscard]] virtual const StoreNumbers& committed_numbers() const = 0;
  virtual void restore_numbers(const StoreNumbers& numbers) = 0;
  /// Add the committed rows to a batch, in the order of their keys.
  virtual void add_committed_to(DatabaseBatch& batch) const = 0;
  /// The batch is written: committed rows are clean now, dropped ranges go from the database.
  virtual Status mark_spilt() = 0;
  /// Forget everything; the family is empty now.
  virtual void clear() = 0;
};

}  // namespace millstream::detail
