#include <millstream/core/assert.h>
#include <millstream/core/big_endian.h>
#include <millstream/core/fault_points.h>
#include <millstream/state/task_state.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "buffered_store.h"
#include "changelog_codec.h"
#include "entry_cache.h"
#include "grouped_store.h"

namespace millstream {
namespace {

using detail::StoreBuffer;

// Keys of the default family. A store's numbers are there as soon as it was spilt once.
constexpr std::string_view kMarkKey = "mark";
constexpr std::string_view kWipingKey = "wiping";
// How many writes there were: by the newest of them, and counted. They differ where one is missing.
constexpr std::string_view kWritesKey = "writes";
constexpr std::string_view kCountedKey = "writes-counted";
constexpr FamilyIndex kDefault = 0;

// Of a task whose share of the memory is small.
constexpr std::size_t kLeastUncommitted = std::size_t{256} << 10U;
// How many records of a changelog ahead memory is asked, in steps, for what they will touch.
constexpr std::array<std::pair<PrefetchStep, std::size_t>, 3> kStepsAhead{
    {{PrefetchStep::kFirst, 24}, {PrefetchStep::kSecond, 16}, {PrefetchStep::kLast, 8}}};
constexpr Duration kSpillAfter{5'000};
constexpr Duration kSpillAtLatest{10'000};

std::string position_key(const std::string& store) { return "position/" + store; }
std::string numbers_key(const std::string& store) { return "numbers/" + store; }

std::string to_bytes(const StoreNumbers& numbers) {
  std::string out;
  append_big_endian(out, numbers.observed.ms());
  append_big_endian(out, numbers.sequence);
  return out;
}

class TaskStateImpl final : public TaskState {
 public:
  explicit TaskStateImpl(TaskStateOptions options)
      : options_(std::move(options)), cache_(options_.buffer_budget) {}

  Status open_database();

  [[nodiscard]] ByteStore& store(std::string_view name) override { return find(name); }
  [[nodiscard]] const std::vector<StoreSpec>& specs() const override { return options_.stores; }
  void for_each_change(std::string_view store, const ChangeVisitor& visit) override;
  [[nodiscard]] bool has_changes() const override {
    return !to_rewrite_.empty() ||
           std::ranges::any_of(stores_, [](const auto& s) { return s->has_changes(); });
  }
  [[nodiscard]] bool wants_commit() const override;
  void mark_committed(CommitMark mark) override;
  void abort() override {
    for (const auto& store : stores_) abort(*store);
  }
  [[nodiscard]] SpillNeed spill_need() const override;
  Status spill() override;
  [[nodiscard]] const std::optional<CommitMark>& stored_mark() const override {
    return stored_mark_;
  }
  [[nodiscard]] std::map<std::string, Offset> restored_positions() const override;
  Status restore(std::string_view store, std::span<const ChangelogRecord> records,
                 Offset position) override;
  Status note_interrupted(std::string_view store,
                          std::span<const ChangelogRecord> records) override;
  Status finish_restore(CommitMark mark) override;
  Status wipe() override;
  [[nodiscard]] std::size_t buffered_bytes() const override { return cache_.used(); }
  [[nodiscard]] std::uint64_t database_bytes(std::string_view store) const override;
  Status close(bool spill_committed) override;

 private:
  StoreBuffer& find(std::string_view name) const;
  void abort(StoreBuffer& store);
  Status apply(StoreBuffer& store, std::span<const ChangelogRecord> records);
  [[nodiscard]] std::size_t committed_bytes() const;
  [[nodiscard]] bool is_persistent(const StoreSpec& spec) const {
    return spec.persistent && !options_.directory.empty();
  }
  Status finish_wipe();
  Status open_stores();
  std::unique_ptr<StoreBuffer> make_store(const StoreSpec& spec, FamilyIndex family,
                                          std::optional<std::string_view> last_key);
  Status read_beside_rows(StoreBuffer& store);
  Status read_mark();
  Status read_writes();
  Status write(DatabaseBatch& batch);
  void add_numbers_and_positions(DatabaseBatch& batch) const;
  void raise_position(const std::string& store, Offset position);

  TaskStateOptions options_;
  detail::EntryCache cache_;
  std::unique_ptr<Database> database_;
  std::vector<std::unique_ptr<StoreBuffer>> stores_;
  std::optional<CommitMark> stored_mark_;
  /// Committed, not yet spilt.
  std::optional<CommitMark> pending_mark_;
  std::map<std::string, Offset> positions_;
  bool positions_changed_ = false;
  std::uint64_t writes_ = 0;
  /// Rows, by store, of which the changelog may hold what was aborted.
  std::map<std::string, std::set<std::string>> to_rewrite_;
};

Status TaskStateImpl::open_database() {
  if (!options_.directory.empty()) {
    Database::Options database;
    database.path = options_.directory;
    database.resources = options_.resources;
    for (const StoreSpec& spec : options_.stores) {
      if (spec.persistent) database.families.push_back(spec.name);
    }
    auto opened = Database::open(database);
    if (!opened) return opened.error();
    database_ = *std::move(opened);
    MILLSTREAM_TRY(read_writes());
    MILLSTREAM_TRY(finish_wipe());
    MILLSTREAM_TRY(read_mark());
  }
  return open_stores();
}

Status TaskStateImpl::open_stores() {
  FamilyIndex family = kDefault;
  for (const StoreSpec& spec : options_.stores) {
    if (!is_persistent(spec)) {
      stores_.push_back(make_store(spec, kDefault, std::nullopt));
      continue;
    }
    ++family;
    const auto numbers = database_->get(kDefault, numbers_key(spec.name));
    if (!numbers) return numbers.error();
    if (numbers->has_value() && database_->is_new(family)) {
      return Error::machine(
          "the state in " + options_.directory + " is damaged: the rows of the store " + spec.name +
          " are gone; remove the directory, and it is restored from the changelogs");
    }
    // Rows without numbers were left by a wipe that didn't know the store.
    if (!numbers->has_value()) MILLSTREAM_TRY(database_->clear(family));
    const auto last_row = database_->scan(family, {}, {}, ScanDirection::kReverse);
    MILLSTREAM_TRY(last_row->status());
    std::optional<std::string_view> last_key;
    if (last_row->valid()) last_key = last_row->key();
    stores_.push_back(make_store(spec, family, last_key));
    MILLSTREAM_TRY(read_beside_rows(*stores_.back()));
  }
  return {};
}

/// `last_key`: of the family, if it has rows. One key may well be empty.
std::unique_ptr<StoreBuffer> TaskStateImpl::make_store(const StoreSpec& spec, FamilyIndex family,
                                                       std::optional<std::string_view> last_key) {
  Database* database = is_persistent(spec) ? database_.get() : nullptr;
  if (detail::GroupedStore::fits(spec)) {
    return std::make_unique<detail::GroupedStore>(spec, cache_, database, family,
                                                  last_key.value_or(""));
  }
  return std::make_unique<detail::BufferedStore>(spec, cache_, database, family, !last_key);
}

Status TaskStateImpl::read_beside_rows(StoreBuffer& store) {
  const auto numbers = database_->get(kDefault, numbers_key(store.name()));
  if (!numbers) return numbers.error();
  if (*numbers && (*numbers)->size() == 12) {
    store.restore_numbers({Timestamp(read_big_endian<std::int64_t>(**numbers)),
                           read_big_endian<std::uint32_t>(**numbers, 8)});
  }
  const auto position = database_->get(kDefault, position_key(store.name()));
  if (!position) return position.error();
  if (*position && (*position)->size() == 8) {
    positions_[store.name()] = Offset{read_big_endian<std::int64_t>(**position)};
  }
  return {};
}

Status TaskStateImpl::read_mark() {
  const auto bytes = database_->get(kDefault, kMarkKey);
  if (!bytes) return bytes.error();
  if (!bytes->has_value()) return {};
  auto mark = CommitMark::parse(**bytes);
  if (!mark) return mark.error().within("the state in " + options_.directory);
  stored_mark_ = *std::move(mark);
  return {};
}

/// RocksDB doesn't notice that one of its logs is gone, or ends early, if there is a newer one:
/// what that one says about positions would then stand beside rows that lack the changes before.
Status TaskStateImpl::read_writes() {
  const auto newest = database_->get(kDefault, kWritesKey);
  if (!newest) return newest.error();
  const auto counted = database_->get(kDefault, kCountedKey);
  if (!counted) return counted.error();
  if (newest->has_value() && (*newest)->size() == 8) {
    writes_ = read_big_endian<std::uint64_t>(**newest);
  }
  std::uint64_t count = 0;
  for (std::size_t i = counted->has_value() ? (*counted)->size() : 0; i-- > 0;) {
    count = count << 8U | static_cast<unsigned char>((**counted)[i]);
  }
  if (count == writes_) return {};
  return Error::machine("the state in " + options_.directory + " is damaged: of " +
                        std::to_string(writes_) + " writes it has " + std::to_string(count) +
                        "; remove the directory, and it is restored from the changelogs");
}

Status TaskStateImpl::write(DatabaseBatch& batch) {
  std::string bytes;
  append_big_endian(bytes, writes_ + 1);
  batch.put(kDefault, kWritesKey, bytes);
  batch.add(kDefault, kCountedKey, 1);
  MILLSTREAM_TRY(database_->write(batch, /*sync=*/false));
  ++writes_;
  return {};
}

StoreBuffer& TaskStateImpl::find(std::string_view name) const {
  const auto found =
      std::ranges::find_if(stores_, [&](const auto& s) { return s->name() == name; });
  MILLSTREAM_ASSERT(found != stores_.end(), "no such store in this task");
  return **found;
}

std::size_t TaskStateImpl::committed_bytes() const {
  std::size_t bytes = 0;
  for (const auto& store : stores_) bytes += store->committed_bytes();
  return bytes;
}

void TaskStateImpl::for_each_change(std::string_view name, const ChangeVisitor& visit) {
  StoreBuffer& changed = find(name);
  if (!changed.spec().logging) return;
  if (changed.spec().kind == StoreKind::kVersioned) {
    changed.for_each_appended(visit);
    return;
  }
  std::string scratch;
  const auto visit_row = [&](std::string_view key, std::optional<std::string_view> value) {
    if (const auto record = detail::to_changelog(changed.spec(), key, value, scratch)) {
      visit(*record);
    }
  };
  changed.for_each_change(visit_row);
  const auto rewritten = to_rewrite_.find(changed.name());
  if (rewritten == to_rewrite_.end()) return;
  for (const std::string& key : rewritten->second) visit_row(key, changed.get(key));
}

void TaskStateImpl::abort(StoreBuffer& store) {
  const bool logged = store.spec().logging && store.spec().kind != StoreKind::kVersioned;
  if (options_.rewrites_aborted && logged) {
    store.for_each_change([&](std::string_view key, std::optional<std::string_view>) {
      to_rewrite_[store.name()].emplace(key);
    });
  }
  store.abort();
}

bool TaskStateImpl::wants_commit() const {
  std::size_t bytes = 0;
  for (const auto& store : stores_) {
    if (!store->spec().caching) bytes += store->uncommitted_bytes();
  }
  return bytes > std::max(options_.buffer_budget / 8, kLeastUncommitted);
}

void TaskStateImpl::mark_committed(CommitMark mark) {
  for (const auto& store : stores_) store->commit();
  to_rewrite_.clear();
  pending_mark_ = std::move(mark);
}

/// So much, or for so long that a restart would have a long tail to replay.
SpillNeed TaskStateImpl::spill_need() const {
  // As long as all of it fits, nothing need be written soon: what isn't may yet change or expire.
  const bool is_full = cache_.used() > options_.buffer_budget / 8 * 7;
  if (is_full && committed_bytes() > options_.buffer_budget / 2) return SpillNeed::kNow;
  if (!pending_mark_ || !stored_mark_) return SpillNeed::kNone;
  const Duration age = pending_mark_->committed_at - stored_mark_->committed_at;
  if (age >= kSpillAtLatest) return SpillNeed::kNow;
  return age >= kSpillAfter ? SpillNeed::kSoon : SpillNeed::kNone;
}

std::map<std::string, Offset> TaskStateImpl::restored_positions() const {
  if (!MILLSTREAM_MUTANT(kOnePosition)) return positions_;
  std::map<std::string, Offset> same = positions_;
  for (auto& [store, position] : same) {
    for (const auto& [other, further] : positions_) position = std::max(position, further);
  }
  return same;
}

void TaskStateImpl::raise_position(const std::string& store, Offset position) {
  Offset& present = positions_.try_emplace(store, Offset::kNone).first->second;
  if (position <= present) return;
  present = position;
  positions_changed_ = true;
}

void TaskStateImpl::add_numbers_and_positions(DatabaseBatch& batch) const {
  for (const auto& store : stores_) {
    if (store->in_memory()) continue;
    batch.put(kDefault, numbers_key(store->name()), to_bytes(store->committed_numbers()));
    const auto position = positions_.find(store->name());
    if (position == positions_.end()) continue;
    std::string bytes;
    append_big_endian(bytes, to_int(position->second));
    batch.put(kDefault, position_key(store->name()), bytes);
  }
}

Status TaskStateImpl::spill() {
  if (pending_mark_) {
    for (const auto& store : stores_) {
      const auto position = pending_mark_->changelog_positions.find(store->name());
      if (position == pending_mark_->changelog_positions.end()) continue;
      raise_position(store->name(), position->second);
    }
  }
  if (!database_) return {};
  if (!pending_mark_ && !positions_changed_ && committed_bytes() == 0) return {};
  MILLSTREAM_FAIL_POINT("spill-begins");
  DatabaseBatch batch;
  if (MILLSTREAM_MUTANT(kTornSpill)) {
    add_numbers_and_positions(batch);
    if (pending_mark_) batch.put(kDefault, kMarkKey, pending_mark_->serialize());
    MILLSTREAM_TRY(write(batch));
    batch.clear();
    MILLSTREAM_FAIL_POINT("spill-torn");
  }
  for (const auto& store : stores_) {
    if (!store->in_memory()) store->add_committed_to(batch);
  }
  add_numbers_and_positions(batch);
  if (pending_mark_) batch.put(kDefault, kMarkKey, pending_mark_->serialize());
  MILLSTREAM_TRY(write(batch));
  MILLSTREAM_FAIL_POINT("spill-written");
  positions_changed_ = false;
  if (pending_mark_) stored_mark_ = std::exchange(pending_mark_, std::nullopt);
  for (const auto& store : stores_) {
    if (!store->in_memory()) MILLSTREAM_TRY(store->mark_spilt());
  }
  return {};
}

Status TaskStateImpl::restore(std::string_view name, std::span<const ChangelogRecord> records,
                              Offset position) {
  StoreBuffer& restored = find(name);
  MILLSTREAM_TRY(apply(restored, records));
  restored.commit();
  raise_position(restored.name(), position);
  return spill_need() == SpillNeed::kNone ? Status() : spill();
}

Status TaskStateImpl::apply(StoreBuffer& store, std::span<const ChangelogRecord> records) {
  MILLSTREAM_ASSERT(!store.has_changes(), "a restore in the middle of a transaction");
  detail::ChangelogReader reader(store, store.spec());
  for (std::size_t i = 0; i < records.size(); ++i) {
    for (const auto& [step, distance] : kStepsAhead) {
      if (i + distance < records.size()) reader.prefetch(records[i + distance], step);
    }
    if (auto status = reader.apply(records[i]); !status) {
      store.abort();
      return status;
    }
  }
  return {};
}

Status TaskStateImpl::note_interrupted(std::string_view name,
                                       std::span<const ChangelogRecord> records) {
  MILLSTREAM_ASSERT(options_.rewrites_aborted, "transactions leave nothing behind");
  StoreBuffer& store = find(name);
  MILLSTREAM_TRY(apply(store, records));
  abort(store);
  return {};
}

Status TaskStateImpl::finish_restore(CommitMark mark) {
  pending_mark_ = std::move(mark);
  return spill();
}

Status TaskStateImpl::wipe() {
  stored_mark_.reset();
  pending_mark_.reset();
  positions_.clear();
  positions_changed_ = false;
  to_rewrite_.clear();
  for (const auto& store : stores_) store->clear();
  if (!database_) return {};
  MILLSTREAM_FAIL_POINT("wipe-begins");
  DatabaseBatch batch;
  const auto rows = database_->scan(kDefault, {}, {}, ScanDirection::kForward);
  for (; rows->valid(); rows->next()) {
    if (rows->key() != kWritesKey && rows->key() != kCountedKey) {
      batch.erase(kDefault, rows->key());
    }
  }
  MILLSTREAM_TRY(rows->status());
  batch.put(kDefault, kWipingKey, "1");
  MILLSTREAM_TRY(write(batch));
  MILLSTREAM_FAIL_POINT("wipe-flagged");
  return finish_wipe();
}

// Once the flag stands, the rows are as good as gone: a crash here is made up for when opening.
Status TaskStateImpl::finish_wipe() {
  const auto wiping = database_->get(kDefault, kWipingKey);
  if (!wiping) return wiping.error();
  if (!wiping->has_value()) return {};
  FamilyIndex family = kDefault;
  for (const StoreSpec& spec : options_.stores) {
    if (is_persistent(spec)) MILLSTREAM_TRY(database_->clear(++family));
  }
  DatabaseBatch batch;
  batch.erase(kDefault, kWipingKey);
  return write(batch);
}

std::uint64_t TaskStateImpl::database_bytes(std::string_view store) const {
  FamilyIndex family = kDefault;
  for (const StoreSpec& spec : options_.stores) {
    if (!is_persistent(spec)) continue;
    ++family;
    if (spec.name == store) return database_->estimated_bytes(family);
  }
  return 0;
}

Status TaskStateImpl::close(bool spill_committed) {
  if (spill_committed) MILLSTREAM_TRY(spill());
  stores_.clear();
  database_.reset();
  return {};
}

}  // namespace

Result<std::unique_ptr<TaskState>> TaskState::open(TaskStateOptions options) {
  auto state = std::make_unique<TaskStateImpl>(std::move(options));
  MILLSTREAM_TRY(state->open_database());
  return std::unique_ptr<TaskState>(std::move(state));
}

}  // namespace millstream
