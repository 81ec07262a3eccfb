#pragma once

#include <millstream/rocks/database.h>
#include <millstream/state/store_spec.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "entry.h"
#include "entry_cache.h"
#include "entry_index.h"
#include "store_buffer.h"

namespace millstream::detail {

/// A store's write buffer and read cache over a column family, or, without a database, the store
/// itself. What it holds is ordered by an index once a scan has asked for an order.
class BufferedStore final : public StoreBuffer, private EvictionOwner {
 public:
  /// `database` null: memory only. `is_empty`: the family has no rows.
  BufferedStore(StoreSpec spec, EntryCache& cache, Database* database, FamilyIndex family,
                bool is_empty);

  [[nodiscard]] const std::string& name() const override { return spec_.name; }
  [[nodiscard]] std::optional<std::string_view> get(std::string_view key) override;
  void prefetch(std::string_view key, PrefetchStep step) const override;
  void put(std::string_view key, std::string_view value) override;
  void erase(std::string_view key) override;
  [[nodiscard]] std::unique_ptr<ByteIterator> scan(std::string_view from, std::string_view to,
                                                   Direction direction) override;
  [[nodiscard]] std::unique_ptr<ByteIterator> scan_group(std::string_view from, std::string_view to,
                                                         Direction direction, std::string_view low,
                                                         std::string_view high) override;
  void drop_range(std::string_view from, std::string_view to) override;
  [[nodiscard]] StoreNumbers& numbers() override { return numbers_; }
  void append_change(std::string_view key, std::optional<std::string_view> value,
                     Timestamp time) override;
  void for_each_dirty(const DirtyVisitor& visit) override;
  [[nodiscard]] std::uint64_t approximate_entries() const override;

  [[nodiscard]] const StoreSpec& spec() const override { return spec_; }
  [[nodiscard]] bool in_memory() const override { return database_ == nullptr; }
  [[nodiscard]] bool has_changes() const override;
  void for_each_change(const RowVisitor& visit) const override;
  void for_each_appended(const TaskState::ChangeVisitor& visit) const override;
  [[nodiscard]] std::size_t uncommitted_bytes() const override {
    return dirty_bytes_ + appended_.size();
  }
  void commit() override;
  void abort() override;
  [[nodiscard]] std::size_t committed_bytes() const override { return committed_bytes_; }
  [[nodiscard]] const StoreNumbers& committed_numbers() const override {
    return committed_numbers_;
  }
  void restore_numbers(const StoreNumbers& numbers) override {
    committed_numbers_ = numbers_ = numbers;
  }
  void add_committed_to(DatabaseBatch& batch) const override;
  Status mark_spilt() override;
  void clear() override;

  // For the iterator.
  [[nodiscard]] const EntryIndex& index() const { return *index_; }
  [[nodiscard]] bool gap_complete(EntryIndex::Position position) const {
    return in_memory() || index_->gap_complete(position);
  }
  /// Read the rows of [low, high) into the cache, unless they are too many.
  void load_group(std::string_view low, std::string_view high);
  [[nodiscard]] std::unique_ptr<DatabaseIterator> database_rows(std::string_view from,
                                                                std::string_view to,
                                                                Direction direction) const;
  [[nodiscard]] std::uint64_t spills() const { return spills_; }
  void require(const Status& status) const;

 private:
  [[nodiscard]] bool may_forget(const Evictable& clean) const override;
  void forget(Evictable& clean) override;

  using Range = std::pair<std::string, std::string>;

  [[nodiscard]] bool knows_absent(std::string_view key) const;
  Entry& insert(std::string_view key, std::uint32_t hash, std::size_t value_size);
  /// The entry of a key, made if need be, in the dirty list.
  Entry& make_dirty(std::string_view key, std::size_t value_size);
  Entry& load(std::string_view key, std::uint32_t hash);
  Entry& insert_clean(std::string_view key, std::optional<std::string_view> value);
  void remove(Entry& entry, bool absent);
  /// Put an entry that is no longer dirty where it belongs, or away.
  void settle(Entry& entry);
  void apply_drops();
  void ensure_index();
  void assign_charged(Entry& entry, Slot& slot, std::string_view value);

  StoreSpec spec_;
  EntryCache* cache_;
  Database* database_;
  FamilyIndex family_;
  ListNode dirty_;      ///< In the order of their first (or, cached, last) change.
  ListNode committed_;  ///< Not dirty; not yet in the database.
  ListNode resident_;   ///< In memory only: what is committed.
  EntryTable table_;
  std::unique_ptr<EntryIndex> index_;
  /// Every key that the database has is in the table.
  bool all_buffered_;
  std::size_t dirty_bytes_ = 0;
  std::size_t committed_bytes_ = 0;
  StoreNumbers numbers_;
  StoreNumbers committed_numbers_;
  std::string appended_;
  std::vector<Range> dirty_drops_;
  std::vector<Range> committed_drops_;
  std::uint64_t spills_ = 0;
  std::uint8_t inline_capacity_ = 0;
  std::string scratch_;
};

}  // namespace millstream::detail
