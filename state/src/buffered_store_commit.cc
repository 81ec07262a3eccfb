// BufferedStore's life between commits: what TaskState calls.
#include <millstream/core/assert.h>
#include <millstream/core/big_endian.h>
#include <millstream/core/fault_points.h>

#include <algorithm>
#include <utility>

#include "buffered_store.h"

namespace millstream::detail {
namespace {

// A group that has more rows than this isn't worth the cache.
constexpr std::size_t kMaxGroupRows = 512;

}  // namespace

bool BufferedStore::has_changes() const {
  return !dirty_.is_alone() || !appended_.empty() || !dirty_drops_.empty() ||
         numbers_ != committed_numbers_;
}

// Key and value each behind their size; a null value has the size -1.
void BufferedStore::append_change(std::string_view key, std::optional<std::string_view> value,
                                  Timestamp time) {
  append_big_endian(appended_, time.ms());
  append_big_endian(appended_, static_cast<std::int64_t>(key.size()));
  append_big_endian(appended_, value ? static_cast<std::int64_t>(value->size()) : -1);
  appended_.append(key);
  if (value) appended_.append(*value);
}

void BufferedStore::for_each_change(const RowVisitor& visit) const {
  for (const ListNode* node = dirty_.next; node != &dirty_; node = node->next) {
    const auto& entry = static_cast<const Entry&>(*node);
    const bool present = entry.dirty.presence == Presence::kPresent;
    visit(entry.key(), present ? std::optional(entry.dirty.view()) : std::nullopt);
  }
}

void BufferedStore::for_each_appended(const TaskState::ChangeVisitor& visit) const {
  std::string_view rest = appended_;
  while (!rest.empty()) {
    const Timestamp time(read_big_endian<std::int64_t>(rest));
    const auto key_size = static_cast<std::size_t>(read_big_endian<std::int64_t>(rest, 8));
    const auto value_size = read_big_endian<std::int64_t>(rest, 16);
    rest.remove_prefix(24);
    ChangelogRecord record{rest.substr(0, key_size), std::nullopt, time};
    rest.remove_prefix(key_size);
    if (value_size >= 0) {
      record.value = rest.substr(0, static_cast<std::size_t>(value_size));
      rest.remove_prefix(static_cast<std::size_t>(value_size));
    }
    visit(record);
  }
}

void BufferedStore::commit() {
  while (!dirty_.is_alone()) {
    auto& entry = static_cast<Entry&>(*dirty_.next);
    std::swap(entry.base, entry.dirty);
    entry.dirty.presence = Presence::kUnset;
    if (!entry.committed && !in_memory()) committed_bytes_ += entry.footprint();
    entry.committed = true;
    settle(entry);
  }
  committed_numbers_ = numbers_;
  appended_.clear();
  dirty_bytes_ = 0;
  if (!dirty_drops_.empty()) apply_drops();
}

void BufferedStore::abort() {
  if (MILLSTREAM_MUTANT(kAbortKeepsDirty)) return commit();
  while (MILLSTREAM_MUTANT(kAbortDropsCommitted) && !committed_.is_alone()) {
    auto& entry = static_cast<Entry&>(*committed_.next);
    entry.committed = false;
    entry.base.presence = Presence::kUnset;
    settle(entry);
  }
  while (!dirty_.is_alone()) {
    auto& entry = static_cast<Entry&>(*dirty_.next);
    entry.dirty.presence = Presence::kUnset;
    if (MILLSTREAM_MUTANT(kAbortDropsCommitted) && entry.committed) {
      entry.committed = false;
      entry.base.presence = Presence::kUnset;
    }
    settle(entry);
  }
  numbers_ = committed_numbers_;
  appended_.clear();
  dirty_bytes_ = 0;
  dirty_drops_.clear();
}

void BufferedStore::settle(Entry& entry) {
  if (entry.base.presence == Presence::kUnset) {
    // A blind put that was aborted: the database may have the key.
    remove(entry, /*absent=*/false);
  } else if (!in_memory()) {
    if (entry.committed) {
      entry.move_to_back_of(committed_);
    } else {
      cache_->add_clean(entry);
    }
  } else if (entry.base.presence == Presence::kPresent) {
    entry.move_to_back_of(resident_);
  } else {
    remove(entry, /*absent=*/true);
  }
}

void BufferedStore::apply_drops() {
  std::vector<Entry*> dropped;
  for (auto& [from, to] : dirty_drops_) {
    dropped.clear();
    if (index_) {
      for (auto at = index_->at_or_after(from);
           at != index_->end() && (to.empty() || (*at)->key() < to); ++at) {
        dropped.push_back(*at);
      }
    } else {
      table_.for_each([&](Entry& entry) {
        if (entry.key() >= from && (to.empty() || entry.key() < to)) dropped.push_back(&entry);
      });
    }
    for (Entry* entry : dropped) remove(*entry, /*absent=*/true);
    if (!in_memory()) committed_drops_.emplace_back(std::move(from), std::move(to));
  }
  dirty_drops_.clear();
}

void BufferedStore::add_committed_to(DatabaseBatch& batch) const {
  std::vector<const Entry*> entries;
  for (const ListNode* list : {&committed_, &dirty_}) {
    for (const ListNode* node = list->next; node != list; node = node->next) {
      const auto& entry = static_cast<const Entry&>(*node);
      if (entry.committed) entries.push_back(&entry);
    }
  }
  std::ranges::sort(entries, {}, &Entry::key);
  for (const Entry* entry : entries) {
    if (entry->base.presence == Presence::kPresent) {
      batch.put(family_, entry->key(), entry->base.view());
    } else {
      batch.erase(family_, entry->key());
    }
  }
}

Status BufferedStore::mark_spilt() {
  for (ListNode* node = dirty_.next; node != &dirty_; node = node->next) {
    static_cast<Entry&>(*node).committed = false;
  }
  while (!committed_.is_alone()) {
    auto& entry = static_cast<Entry&>(*committed_.next);
    entry.committed = false;
    cache_->add_clean(entry);
  }
  committed_bytes_ = 0;
  ++spills_;
  cache_->shrink(nullptr);
  for (const auto& [from, to] : std::exchange(committed_drops_, {})) {
    MILLSTREAM_TRY(database_->drop_range(family_, from, to));
  }
  return {};
}

void BufferedStore::clear() {
  std::size_t bytes = 0;
  table_.for_each([&](const Entry& entry) { bytes += entry.footprint(); });
  if (!in_memory()) cache_->discharge(bytes);
  index_.reset();
  table_.clear();
  all_buffered_ = true;
  committed_bytes_ = 0;
  numbers_ = committed_numbers_ = {};
  appended_.clear();
  dirty_bytes_ = 0;
  dirty_drops_.clear();
  committed_drops_.clear();
  ++spills_;
}

void BufferedStore::ensure_index() {
  if (index_) return;
  index_ = std::make_unique<EntryIndex>();
  if (!all_buffered_) {
    // What comes behind the database's last key is new: known without looking.
    const auto last = database_rows({}, {}, Direction::kReverse);
    require(last->status());
    if (last->valid()) insert_clean(last->key(), last->value());
  }
  table_.for_each([&](Entry& entry) { index_->insert(entry); });
  for (auto at = index_->begin(); all_buffered_ && at != index_->end(); ++at) {
    index_->set_gap_complete(at);
  }
  index_->set_gap_complete(index_->end());
}

std::unique_ptr<DatabaseIterator> BufferedStore::database_rows(std::string_view from,
                                                               std::string_view to,
                                                               Direction direction) const {
  return database_->scan(
      family_, from, to,
      direction == Direction::kForward ? ScanDirection::kForward : ScanDirection::kReverse);
}

// Entries at both ends hold what was learnt: the rows of [low, high] and that there are no others.
void BufferedStore::load_group(std::string_view low, std::string_view high) {
  const std::string end = std::string(high) + '\0';
  const auto rows = database_rows(low, end, Direction::kForward);
  std::vector<std::pair<std::string, std::string>> loaded;
  for (; rows->valid(); rows->next()) {
    if (loaded.size() == kMaxGroupRows) return;
    loaded.emplace_back(rows->key(), rows->value());
  }
  require(rows->status());
  if (loaded.empty() || loaded.front().first != low) insert_clean(low, std::nullopt);
  for (const auto& [key, value] : loaded) insert_clean(key, value);
  if (loaded.empty() || loaded.back().first != high) insert_clean(high, std::nullopt);
  const Entry* last = nullptr;
  for (auto at = index_->after(low); at != index_->end() && (*at)->key() <= high; ++at) {
    index_->set_gap_complete(at);
    last = *at;
  }
  cache_->shrink(last);
}

}  // namespace millstream::detail
