#pragma once

#include <millstream/rocks/database.h>
#include <millstream/state/detail/segmented_rows.h>
#include <millstream/state/store_spec.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "change_list.h"
#include "entry_cache.h"
#include "row_segment.h"
#include "store_buffer.h"

namespace millstream::detail {

class CopiedWalk;

/// The buffer of a window or session store without a time index: rows by segment and key, found by
/// a hash, and ordered by their suffix among themselves. A group that isn't all here is read from
/// the database with one walk, and kept; a walk over several keys sorts when it begins. Rows past
/// the retention are forgotten where memory is short, and so mostly never written.
class GroupedStore final : public StoreBuffer, private EvictionOwner {
 public:
  /// Whether a store of this kind can be kept so.
  [[nodiscard]] static bool fits(const StoreSpec& spec);

  /// `database` null: memory only. `last_key`: the last one of the family, empty if it has no rows.
  GroupedStore(StoreSpec spec, EntryCache& cache, Database* database, FamilyIndex family,
               std::string_view last_key);
  ~GroupedStore() override;

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
  [[nodiscard]] std::size_t uncommitted_bytes() const override { return changes_.used_bytes(); }
  void commit() override;
  void abort() override;
  [[nodiscard]] std::size_t committed_bytes() const override;
  [[nodiscard]] const StoreNumbers& committed_numbers() const override {
    return committed_numbers_;
  }
  void restore_numbers(const StoreNumbers& numbers) override {
    committed_numbers_ = numbers_ = numbers;
  }
  void add_committed_to(DatabaseBatch& batch) const override;
  Status mark_spilt() override;
  void clear() override;

  void require(const Status& status) const;

 private:
  using Range = std::pair<std::string, std::string>;
  /// A row's key in its parts.
  struct Place {
    RowSegment* segment;
    std::string_view key;
    std::string_view suffix;
  };

  [[nodiscard]] bool may_forget(const Evictable&) const override { return true; }
  void forget(Evictable& clean) override;

  [[nodiscard]] Place place_of(std::string_view row_key);
  /// Null: there is none of that key yet.
  [[nodiscard]] RowSegment* find_segment(std::string_view row_key) const;
  RowSegment& segment_of(std::string_view prefix);
  RowGroup& group_of(const Place& place);
  /// The same, but null where neither buffer nor database has it.
  RowGroup* known_group_of(const Place& place);
  /// Find or make the row, and note that the transaction changes it.
  RowChange& change_of(std::string_view row_key, std::size_t value_size);
  [[nodiscard]] std::optional<std::string_view> visible(const RowGroup& group,
                                                        const Row& row) const;
  /// Read a group's rows from the database; false where they are too many.
  bool load(RowGroup& group);
  void load_row(RowGroup& group, std::string_view row_key, std::string_view suffix);
  static void add_loaded(RowGroup& group, std::string_view suffix,
                         std::optional<std::string_view> value);
  void copy_rows(const RowGroup& group, std::uint32_t begin, std::uint32_t end, Direction direction,
                 CopiedWalk& walk) const;
  /// A walk that sorts; over one key's rows alone with `only_key`, of a longer key's maybe too.
  [[nodiscard]] std::unique_ptr<ByteIterator> merged(std::string_view from, std::string_view to,
                                                     Direction direction,
                                                     std::optional<std::string_view> only_key);

  /// What a group takes of the cache's budget, and what of that waits for the database.
  struct Charge {
    std::size_t all;
    std::size_t committed;
  };
  static Charge charge_of(const RowGroup& group);
  void recharge(const RowGroup& group, const Charge& before);
  void charge_changes(const RowGroup* keep);

  void commit_row(RowGroup& group, std::uint32_t at, const RowChange& change);
  /// Put a group of which nothing is dirty where it belongs, or away.
  void settle(RowGroup& group);
  void forget_committed();
  void remove(RowGroup& group);
  void forget_segment(std::size_t at);
  void apply_drops();
  /// Forget the group's rows before `first` in front of the first dirty one; how many.
  static std::uint32_t forget_expired(RowGroup& group, std::int64_t first);
  /// Forget rows that will never be shown again.
  void drop_expired();
  [[nodiscard]] Timestamp first_shown() const;
  [[nodiscard]] std::vector<const RowGroup*> committed_groups() const;
  void mark_spilt(RowGroup& group);

  StoreSpec spec_;
  EntryCache* cache_;
  Database* database_;
  FamilyIndex family_;
  Segments times_;
  std::size_t suffix_size_;
  /// The database has no segments behind this one.
  std::string last_stored_segment_;
  /// By their prefix. The newest is the last.
  std::vector<std::unique_ptr<RowSegment>> segments_;
  RowSegment* recent_ = nullptr;
  ChangeList changes_;
  std::size_t charged_changes_ = 0;
  ListNode dirty_;      ///< Groups with dirty rows.
  ListNode committed_;  ///< Without dirty rows, but with some that the database doesn't have.
  ListNode resident_;   ///< In memory only: all others.
  StoreNumbers numbers_;
  StoreNumbers committed_numbers_;
  Timestamp expired_to_;
  std::vector<Range> dirty_drops_;
  std::vector<Range> committed_drops_;
  std::string scratch_;
};

}  // namespace millstream::detail
