#include "grouped_store.h"

#include <millstream/core/assert.h>
#include <millstream/core/big_endian.h>
#include <millstream/state/errors.h>

#include <algorithm>
#include <cstring>

#include "grouped_walks.h"
#include "row_layout.h"

namespace millstream::detail {
namespace {

// A group that has more rows than this isn't worth the cache, nor a copy of its rows.
constexpr std::uint32_t kMaxRowsAtOnce = 512;

std::int64_t time_of(std::string_view suffix) { return read_big_endian<std::int64_t>(suffix); }

bool is_of(const RowSegment& segment, std::string_view row_key) {
  return std::memcmp(segment.prefix.data(), row_key.data(), kSegmentPrefixSize) == 0;
}

}  // namespace

bool GroupedStore::fits(const StoreSpec& spec) {
  const bool timed = spec.kind == StoreKind::kWindow ||
                     spec.kind == StoreKind::kTimestampedWindow || spec.kind == StoreKind::kSession;
  return timed && !spec.time_index;
}

GroupedStore::GroupedStore(StoreSpec spec, EntryCache& cache, Database* database,
                           FamilyIndex family, std::string_view last_key)
    : spec_(std::move(spec)),
      cache_(&cache),
      database_(database),
      family_(family),
      times_(spec_.retention),
      suffix_size_(row_suffix_size(spec_)),
      last_stored_segment_(last_key.substr(0, kSegmentPrefixSize)) {}

GroupedStore::~GroupedStore() = default;

void GroupedStore::require(const Status& status) const {
  if (!status) throw StoreError(spec_.name, std::string(status.error().message()));
}

GroupedStore::Place GroupedStore::place_of(std::string_view row_key) {
  MILLSTREAM_ASSERT(row_key.size() >= kSegmentPrefixSize + suffix_size_, "no key of a row");
  const std::size_t key_end = row_key.size() - suffix_size_;
  return {&segment_of(row_key.substr(0, kSegmentPrefixSize)),
          row_key.substr(kSegmentPrefixSize, key_end - kSegmentPrefixSize),
          row_key.substr(key_end)};
}

RowSegment* GroupedStore::find_segment(std::string_view row_key) const {
  if (recent_ != nullptr && is_of(*recent_, row_key)) return recent_;
  // There are few: those of the retention.
  const auto found =
      std::ranges::find_if(segments_, [&](const auto& s) { return is_of(*s, row_key); });
  return found == segments_.end() ? nullptr : found->get();
}

RowSegment& GroupedStore::segment_of(std::string_view prefix) {
  recent_ = find_segment(prefix);
  if (recent_ != nullptr) return *recent_;
  const auto at = std::ranges::lower_bound(
      segments_, prefix, {}, [](const auto& s) { return std::string_view(s->prefix); });
  recent_ = segments_.insert(at, std::make_unique<RowSegment>())->get();
  recent_->prefix = prefix;
  recent_->complete = in_memory() || prefix > last_stored_segment_;
  return *recent_;
}

RowGroup& GroupedStore::group_of(const Place& place) {
  RowSegment& segment = *place.segment;
  const std::uint32_t hash = segment.groups.hash(place.key);
  RowGroup* group = segment.groups.find(place.key, hash);
  if (group == nullptr) {
    group = segment.groups.insert(
        make_row_group(place.key, hash, static_cast<std::uint8_t>(suffix_size_)));
    group->owner = this;
    group->segment = &segment;
    group->complete_from = segment.complete ? RowGroup::kEverything : RowGroup::kNothing;
    if (in_memory()) {
      group->move_to_back_of(resident_);
    } else {
      cache_->charge(group->footprint());
      cache_->add_clean(*group);
    }
  }
  group->referenced = true;
  return *group;
}

RowGroup* GroupedStore::known_group_of(const Place& place) {
  if (!place.segment->complete) return &group_of(place);
  const RowGroupTable& groups = place.segment->groups;
  RowGroup* group = groups.find(place.key, groups.hash(place.key));
  if (group != nullptr) group->referenced = true;
  return group;
}

std::optional<std::string_view> GroupedStore::visible(const RowGroup& group, const Row& row) const {
  if (row.dirty != 0) {
    const RowChange& change = changes_[row.dirty];
    return change.present ? std::optional(change.value()) : std::nullopt;
  }
  if (row.presence != Presence::kPresent) return std::nullopt;
  return group.value(row);
}

std::optional<std::string_view> GroupedStore::get(std::string_view key) {
  const Place place = place_of(key);
  RowGroup* group = known_group_of(place);
  if (group == nullptr) return std::nullopt;
  std::uint32_t at = group->lower_bound(place.suffix);
  if (!group->is_at(at, place.suffix) && time_of(place.suffix) < group->complete_from) {
    if (!load(*group)) load_row(*group, key, place.suffix);
    cache_->shrink(group);
    at = group->lower_bound(place.suffix);
  }
  return group->is_at(at, place.suffix) ? visible(*group, group->row(at)) : std::nullopt;
}

void GroupedStore::prefetch(std::string_view row_key, PrefetchStep step) const {
  const RowSegment* const segment = find_segment(row_key);
  if (segment == nullptr) return;
  const RowGroupTable& groups = segment->groups;
  const std::uint32_t hash = groups.hash(
      row_key.substr(kSegmentPrefixSize, row_key.size() - suffix_size_ - kSegmentPrefixSize));
  if (step == PrefetchStep::kFirst) return groups.prefetch(hash);
  const RowGroup* group = groups.likely(hash);
  if (group == nullptr) return;
  if (step == PrefetchStep::kSecond) {
    group->prefetch();
  } else {
    group->prefetch_rows();
  }
}

void GroupedStore::put(std::string_view key, std::string_view value) {
  RowChange& change = change_of(key, value.size());
  changes_.set_value(change, value);
  charge_changes(change.group);
}

void GroupedStore::erase(std::string_view key) {
  RowChange& change = change_of(key, 0);
  change.present = false;
  charge_changes(change.group);
}

RowChange& GroupedStore::change_of(std::string_view row_key, std::size_t value_size) {
  const Place place = place_of(row_key);
  RowGroup& group = group_of(place);
  std::uint32_t at = group.lower_bound(place.suffix);
  if (!group.is_at(at, place.suffix)) {
    const Charge before = charge_of(group);
    // The new row takes the place of those whose time is over. As long as there is much room they
    // stay with their segment, as in Kafka Streams.
    if (!in_memory() && cache_->used() > cache_->budget() / 4) {
      at -= forget_expired(group, std::min(first_shown().ms(), time_of(place.suffix)));
    }
    Row& row = group.insert(at, place.suffix, value_size);
    const bool absent = time_of(place.suffix) >= group.complete_from;
    row.presence = absent ? Presence::kAbsent : Presence::kUnset;
    row.in_database = !absent;
    recharge(group, before);
  }
  Row& row = group.row(at);
  if (row.dirty == 0) {
    row.dirty = changes_.add(group, row_key);
    if (group.dirty_rows++ == 0) group.move_to_back_of(dirty_);
  } else if (spec_.caching) {
    row.dirty = changes_.move_to_end(row.dirty);
  }
  return changes_[row.dirty];
}

std::unique_ptr<ByteIterator> GroupedStore::scan(std::string_view from, std::string_view to,
                                                 Direction direction) {
  return merged(from, to, direction, std::nullopt);
}

std::unique_ptr<ByteIterator> GroupedStore::scan_group(std::string_view from, std::string_view to,
                                                       Direction direction, std::string_view low,
                                                       std::string_view) {
  const std::size_t key_end = low.size() - sizeof(std::int64_t);
  const Place place{&segment_of(low.substr(0, kSegmentPrefixSize)),
                    low.substr(kSegmentPrefixSize, key_end - kSegmentPrefixSize),
                    from.substr(key_end)};
  auto walk = std::make_unique<CopiedWalk>();
  RowGroup* group = known_group_of(place);
  if (group == nullptr) return walk;
  if (time_of(place.suffix) < group->complete_from) {
    const bool loaded = load(*group);
    cache_->shrink(group);
    if (!loaded) return merged(from, to, direction, place.key);
  }
  const std::uint32_t begin = group->lower_bound(place.suffix);
  const std::uint32_t end = group->lower_bound(to.substr(key_end));
  if (begin >= end) return walk;
  if (end - begin > kMaxRowsAtOnce) return merged(from, to, direction, place.key);
  copy_rows(*group, begin, end, direction, *walk);
  return walk;
}

void GroupedStore::copy_rows(const RowGroup& group, std::uint32_t begin, std::uint32_t end,
                             Direction direction, CopiedWalk& walk) const {
  const std::string_view prefix = group.segment->prefix;
  std::size_t bytes = 0;
  for (std::uint32_t at = begin; at < end; ++at) {
    const auto value = visible(group, group.row(at));
    bytes += prefix.size() + group.key().size() + suffix_size_ + (value ? value->size() : 0);
  }
  walk.reserve(end - begin, bytes);
  for (std::uint32_t i = 0; i < end - begin; ++i) {
    const std::uint32_t at = direction == Direction::kForward ? begin + i : end - 1 - i;
    const auto value = visible(group, group.row(at));
    if (value) walk.add(prefix, group.key(), group.suffix(at), *value);
  }
}

std::unique_ptr<ByteIterator> GroupedStore::merged(std::string_view from, std::string_view to,
                                                   Direction direction,
                                                   std::optional<std::string_view> only_key) {
  std::vector<std::string> keys;
  std::string key;
  bool lacks_rows =
      database_ != nullptr && from.substr(0, kSegmentPrefixSize) <= last_stored_segment_;
  const auto add_rows = [&](const RowGroup& group) {
    lacks_rows = lacks_rows || (group.complete_from != RowGroup::kEverything && !in_memory());
    key.assign(group.segment->prefix).append(group.key());
    const std::size_t key_end = key.size();
    for (std::uint32_t at = 0; at < group.size(); ++at) {
      key.resize(key_end);
      key.append(group.suffix(at));
      if (key >= from && (to.empty() || key < to)) keys.push_back(key);
    }
  };
  for (const auto& segment : segments_) {
    if (segment->prefix < from.substr(0, kSegmentPrefixSize)) continue;
    if (!to.empty() && segment->prefix >= to) break;
    lacks_rows = lacks_rows || !segment->complete;
    if (only_key) {
      const RowGroup* group = segment->groups.find(*only_key, segment->groups.hash(*only_key));
      if (group != nullptr) add_rows(*group);
    } else {
      segment->groups.for_each(add_rows);
    }
  }
  const bool forward = direction == Direction::kForward;
  std::ranges::sort(keys);
  if (!forward) std::ranges::reverse(keys);
  std::unique_ptr<DatabaseIterator> rows;
  if (lacks_rows) {
    rows = database_->scan(family_, from, to,
                           forward ? ScanDirection::kForward : ScanDirection::kReverse);
  }
  return std::make_unique<MergedWalk>(*this, std::move(keys), std::move(rows), direction);
}

bool GroupedStore::load(RowGroup& group) {
  if (group.is_large) return false;
  const Charge before = charge_of(group);
  const std::int64_t segment = segment_number(group.segment->prefix);
  std::string low = group.segment->prefix;
  low.append(group.key());
  const std::size_t key_end = low.size();
  std::string high = low;
  append_big_endian(low, times_.start_of(segment).ms());
  append_big_endian(high, times_.end_of(segment).ms());
  high.append(suffix_size_ - sizeof(std::int64_t) + 1, '\xFF');
  const auto rows = database_->scan(family_, low, high, ScanDirection::kForward);
  std::uint32_t seen = 0;
  for (; rows->valid() && !group.is_large; rows->next()) {
    group.is_large = ++seen > kMaxRowsAtOnce;
    if (rows->key().size() != key_end + suffix_size_) continue;  // Of a longer key.
    add_loaded(group, rows->key().substr(key_end), rows->value());
  }
  require(rows->status());
  if (!group.is_large) group.set_complete();
  recharge(group, before);
  return !group.is_large;
}

void GroupedStore::load_row(RowGroup& group, std::string_view row_key, std::string_view suffix) {
  const auto found = database_->get_into(family_, row_key, scratch_);
  if (!found) throw StoreError(spec_.name, std::string(found.error().message()));
  const Charge before = charge_of(group);
  add_loaded(group, suffix, *found ? std::optional<std::string_view>(scratch_) : std::nullopt);
  recharge(group, before);
}

void GroupedStore::add_loaded(RowGroup& group, std::string_view suffix,
                              std::optional<std::string_view> value) {
  const std::uint32_t at = group.lower_bound(suffix);
  if (!group.is_at(at, suffix)) group.insert(at, suffix, value ? value->size() : 0);
  Row& row = group.row(at);
  if (row.presence != Presence::kUnset) return;
  row.in_database = value.has_value();
  row.presence = Presence::kAbsent;
  if (value) group.assign(row, *value);
}

void GroupedStore::for_each_dirty(const DirtyVisitor& visit) {
  changes_.for_each_with_group([&](const RowChange& change) {
    RowGroup& group = *change.group;
    const std::uint32_t at = group.lower_bound(change.suffix());
    if (group.row(at).presence == Presence::kUnset) {
      load_row(group, change.row_key(), change.suffix());
    }
    const Row& row = group.row(at);
    visit(change.row_key(),
          row.presence == Presence::kPresent ? std::optional(group.value(row)) : std::nullopt,
          change.present ? std::optional(change.value()) : std::nullopt);
  });
}

std::uint64_t GroupedStore::approximate_entries() const {
  bool complete = in_memory() || last_stored_segment_.empty();
  std::uint64_t rows = 0;
  std::uint64_t unspilt = 0;
  for (const auto& segment : segments_) {
    complete = complete && segment->complete;
    segment->groups.for_each([&](const RowGroup& group) {
      rows += group.size();
      unspilt += std::max(group.committed_rows, group.dirty_rows);
    });
  }
  return complete ? rows : database_->estimated_keys(family_) + unspilt;
}

void GroupedStore::forget(Evictable& clean) {
  auto& group = static_cast<RowGroup&>(clean);
  if (group.size() > 0) group.segment->complete = false;
  remove(group);
}

}  // namespace millstream::detail
