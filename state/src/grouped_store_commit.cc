// GroupedStore's life between commits: what TaskState calls.
#include <millstream/core/assert.h>
#include <millstream/core/fault_points.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "grouped_store.h"
#include "row_layout.h"

namespace millstream::detail {
namespace {

// Of a key that always has new rows, and so never goes as a whole.
constexpr std::uint32_t kRowsKept = 512;

// How far ahead memory is asked for.
constexpr std::size_t kGroupsAhead = 16;
constexpr std::size_t kRowsAhead = 8;

/// A group in the order of its rows' keys. Their first bytes are here: most comparisons needn't
/// look at the groups, which lie anywhere in memory.
struct SortedGroup {
  explicit SortedGroup(const RowGroup& of)
      : segment(leading(of.segment->prefix, 0)),
        first(leading(of.key(), 0)),
        second(leading(of.key(), 8)),
        group(&of) {}

  static std::uint64_t leading(std::string_view bytes, std::size_t from) {
    std::uint64_t number = 0;
    for (std::size_t i = from; i < from + 8; ++i) {
      number = number << 8U | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U);
    }
    return number;
  }
  friend bool operator<(const SortedGroup& a, const SortedGroup& b) {
    if (a.segment != b.segment) return a.segment < b.segment;
    if (a.first != b.first) return a.first < b.first;
    if (a.second != b.second) return a.second < b.second;
    return a.group->key() < b.group->key();
  }

  std::uint64_t segment;
  std::uint64_t first;
  std::uint64_t second;
  const RowGroup* group;
};
static_assert(kSegmentPrefixSize <= 8);

}  // namespace

bool GroupedStore::has_changes() const {
  return !changes_.empty() || !dirty_drops_.empty() || numbers_ != committed_numbers_;
}

void GroupedStore::append_change(std::string_view, std::optional<std::string_view>, Timestamp) {
  MILLSTREAM_ASSERT(false, "rows of windows and sessions are their changelog");
}
void GroupedStore::for_each_appended(const TaskState::ChangeVisitor&) const {}

void GroupedStore::for_each_change(const RowVisitor& visit) const {
  changes_.for_each([&](const RowChange& change) {
    visit(change.row_key(), change.present ? std::optional(change.value()) : std::nullopt);
  });
}

void GroupedStore::drop_range(std::string_view from, std::string_view to) {
  dirty_drops_.emplace_back(from, to);
}

GroupedStore::Charge GroupedStore::charge_of(const RowGroup& group) {
  const std::size_t bytes = group.footprint();
  return {bytes, group.committed_rows > 0 ? bytes : 0};
}

void GroupedStore::recharge(const RowGroup& group, const Charge& before) {
  if (in_memory()) return;
  const Charge now = charge_of(group);
  cache_->charge(now.all - before.all);  // Wraps around where it shrinks.
  group.segment->committed_bytes += now.committed - before.committed;
}

void GroupedStore::charge_changes(const RowGroup* keep) {
  if (in_memory()) return;
  cache_->charge(changes_.bytes() - charged_changes_);
  charged_changes_ = changes_.bytes();
  cache_->shrink(keep);
}

void GroupedStore::commit() {
  changes_.for_each_with_group([this](const RowChange& change) {
    RowGroup& group = *change.group;
    commit_row(group, group.lower_bound(change.suffix()), change);
    if (--group.dirty_rows == 0) settle(group);
  });
  changes_.clear();
  committed_numbers_ = numbers_;
  if (!dirty_drops_.empty()) apply_drops();
  if (in_memory()) return;
  if (cache_->used() > cache_->budget() / 2) drop_expired();
  charge_changes(nullptr);
}

void GroupedStore::commit_row(RowGroup& group, std::uint32_t at, const RowChange& change) {
  const Charge before = charge_of(group);
  group.row(at).dirty = 0;
  if (change.present) {
    group.assign(group.row(at), change.value());
  } else {
    group.row(at).presence = Presence::kAbsent;
  }
  Row& row = group.row(at);
  if (!change.present && !row.in_database) {
    if (row.committed) --group.committed_rows;
    group.erase(at, at + 1);
  } else if (!row.committed && !in_memory()) {
    row.committed = true;
    ++group.committed_rows;
  }
  recharge(group, before);
}

void GroupedStore::abort() {
  if (MILLSTREAM_MUTANT(kAbortKeepsDirty)) return commit();
  changes_.for_each_with_group([this](const RowChange& change) {
    RowGroup& group = *change.group;
    const std::uint32_t at = group.lower_bound(change.suffix());
    Row& row = group.row(at);
    row.dirty = 0;
    // A blind put is unknown again, one that was new is nothing again.
    const bool is_new = row.presence == Presence::kAbsent && !row.in_database && !row.committed;
    if (row.presence == Presence::kUnset || is_new) group.erase(at, at + 1);
    if (--group.dirty_rows == 0) settle(group);
  });
  changes_.clear();
  if (MILLSTREAM_MUTANT(kAbortDropsCommitted)) forget_committed();
  numbers_ = committed_numbers_;
  dirty_drops_.clear();
  charge_changes(nullptr);
}

/// The mistake of `kAbortDropsCommitted`: what isn't written yet is read from the database again.
void GroupedStore::forget_committed() {
  while (!committed_.is_alone()) {
    auto& group = static_cast<RowGroup&>(*committed_.next);
    const Charge before = charge_of(group);
    for (std::uint32_t at = group.size(); at-- > 0;) {
      if (group.row(at).committed) group.erase(at, at + 1);
    }
    group.committed_rows = 0;
    group.complete_from = RowGroup::kNothing;
    recharge(group, before);
    settle(group);
  }
}

void GroupedStore::settle(RowGroup& group) {
  const bool says_nothing =
      group.size() == 0 && (group.segment->complete || group.complete_from == RowGroup::kNothing);
  if (group.committed_rows > 0) {
    group.move_to_back_of(committed_);
  } else if (says_nothing) {
    remove(group);
  } else if (in_memory()) {
    group.move_to_back_of(resident_);
  } else {
    cache_->add_clean(group);
  }
}

void GroupedStore::remove(RowGroup& group) {
  RowSegment& segment = *group.segment;
  if (!in_memory()) {
    const Charge charge = charge_of(group);
    cache_->discharge(charge.all);
    segment.committed_bytes -= charge.committed;
  }
  segment.groups.erase(&group);
}

void GroupedStore::forget_segment(std::size_t at) {
  if (!in_memory()) {
    segments_[at]->groups.for_each(
        [this](const RowGroup& group) { cache_->discharge(group.footprint()); });
  }
  recent_ = nullptr;
  segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(at));
}

void GroupedStore::apply_drops() {
  for (auto& [from, to] : dirty_drops_) {
    for (std::size_t at = segments_.size(); at-- > 0;) {
      const std::string& prefix = segments_[at]->prefix;
      if (prefix >= from && (to.empty() || prefix < to)) forget_segment(at);
    }
    if (!in_memory()) committed_drops_.emplace_back(std::move(from), std::move(to));
  }
  dirty_drops_.clear();
}

Timestamp GroupedStore::first_shown() const {
  return std::max(committed_numbers_.observed - spec_.retention + Duration(1), Timestamp(0));
}

std::uint32_t GroupedStore::forget_expired(RowGroup& group, std::int64_t first) {
  std::uint32_t expired = 0;
  std::uint32_t committed = 0;
  while (expired < group.size() && group.time(expired) < first && group.row(expired).dirty == 0) {
    if (group.row(expired++).committed) ++committed;
  }
  if (expired == 0) return 0;
  group.erase(0, expired);
  group.committed_rows -= committed;
  return expired;
}

void GroupedStore::drop_expired() {
  const Timestamp first = first_shown();
  // Often enough to keep at most a quarter too much, seldom enough to cost little.
  if (first - expired_to_ < spec_.retention / 4) return;
  expired_to_ = first;
  std::vector<RowGroup*> groups;
  for (const auto& segment : segments_) {
    if (times_.start_of(segment_number(segment->prefix)) >= first) break;
    segment->groups.for_each([&](RowGroup& group) { groups.push_back(&group); });
  }
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i + kGroupsAhead < groups.size()) {
      groups[i + kGroupsAhead]->prefetch();
      groups[i + kRowsAhead]->prefetch_rows();
    }
    RowGroup& group = *groups[i];
    const Charge before = charge_of(group);
    if (forget_expired(group, first.ms()) == 0) continue;
    group.give_back_memory();
    recharge(group, before);
    if (group.dirty_rows == 0) settle(group);
  }
}

std::size_t GroupedStore::committed_bytes() const {
  std::size_t bytes = 0;
  for (const auto& segment : segments_) bytes += segment->committed_bytes;
  return bytes;
}

std::vector<const RowGroup*> GroupedStore::committed_groups() const {
  std::vector<SortedGroup> sorted;
  for (const ListNode* list : {&committed_, &dirty_}) {
    for (const ListNode* node = list->next; node != list; node = node->next) {
      const auto& group = static_cast<const RowGroup&>(*node);
      if (group.committed_rows > 0) sorted.emplace_back(group);
    }
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<const RowGroup*> groups;
  groups.reserve(sorted.size());
  for (const SortedGroup& entry : sorted) groups.push_back(entry.group);
  return groups;
}

void GroupedStore::add_committed_to(DatabaseBatch& batch) const {
  const std::int64_t first = first_shown().ms();
  std::string key;
  const std::vector<const RowGroup*> groups = committed_groups();
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i + kGroupsAhead < groups.size()) {
      groups[i + kGroupsAhead]->prefetch();
      groups[i + kRowsAhead]->prefetch_rows();
    }
    const RowGroup* group = groups[i];
    key.assign(group->segment->prefix).append(group->key());
    const std::size_t key_end = key.size();
    for (std::uint32_t at = 0; at < group->size(); ++at) {
      const Row& row = group->row(at);
      if (!row.committed || group->time(at) < first) continue;
      key.resize(key_end);
      key.append(group->suffix(at));
      if (row.presence == Presence::kPresent) {
        batch.put(family_, key, group->value(row));
      } else {
        batch.erase(family_, key);
      }
    }
  }
}

void GroupedStore::mark_spilt(RowGroup& group) {
  const Charge before = charge_of(group);
  for (std::uint32_t at = group.size(); at-- > 0;) {
    Row& row = group.row(at);
    if (!row.committed) continue;
    row.committed = false;
    row.in_database = row.presence == Presence::kPresent;
    // What the database lacks needs no row to say so.
    if (!row.in_database && row.dirty == 0 && group.time(at) >= group.complete_from) {
      group.erase(at, at + 1);
    }
  }
  group.committed_rows = 0;
  if (group.size() > kRowsKept && cache_->used() > cache_->budget()) group.forget_oldest(kRowsKept);
  recharge(group, before);
}

Status GroupedStore::mark_spilt() {
  for (ListNode* node = dirty_.next; node != &dirty_; node = node->next) {
    mark_spilt(static_cast<RowGroup&>(*node));
  }
  while (!committed_.is_alone()) {
    auto& group = static_cast<RowGroup&>(*committed_.next);
    mark_spilt(group);
    settle(group);
  }
  cache_->shrink(nullptr);
  for (const auto& [from, to] : std::exchange(committed_drops_, {})) {
    MILLSTREAM_TRY(database_->drop_range(family_, from, to));
  }
  return {};
}

void GroupedStore::clear() {
  changes_.clear();
  while (!segments_.empty()) forget_segment(segments_.size() - 1);
  last_stored_segment_.clear();
  numbers_ = committed_numbers_ = {};
  expired_to_ = Timestamp::none();
  dirty_drops_.clear();
  committed_drops_.clear();
  charge_changes(nullptr);
}

}  // namespace millstream::detail
