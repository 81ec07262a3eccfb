#include "buffered_store.h"

#include <millstream/core/assert.h>
#include <millstream/state/errors.h>

#include <algorithm>

#include "buffered_iterator.h"

namespace millstream::detail {
namespace {

constexpr std::size_t kMaxInlineValue = 64;
constexpr std::size_t kCacheLine = 64;

std::optional<std::string_view> value_of(const Slot& slot) {
  if (slot.presence != Presence::kPresent) return std::nullopt;
  return slot.view();
}

}  // namespace

BufferedStore::BufferedStore(StoreSpec spec, EntryCache& cache, Database* database,
                             FamilyIndex family, bool is_empty)
    : spec_(std::move(spec)),
      cache_(&cache),
      database_(database),
      family_(family),
      all_buffered_(database == nullptr || is_empty) {}

void BufferedStore::require(const Status& status) const {
  if (!status) throw StoreError(spec_.name, std::string(status.error().message()));
}

std::optional<std::string_view> BufferedStore::get(std::string_view key) {
  const std::uint32_t hash = table_.hash(key);
  if (Entry* entry = table_.find(key, hash)) {
    entry->referenced = true;
    const Slot& visible = entry->visible();
    if (visible.presence == Presence::kPresent) return visible.view();
    return std::nullopt;
  }
  if (knows_absent(key)) return std::nullopt;
  return value_of(load(key, hash).base);
}

void BufferedStore::prefetch(std::string_view key, PrefetchStep step) const {
  const std::uint32_t hash = table_.hash(key);
  if (step == PrefetchStep::kFirst) return table_.prefetch(hash);
  if (step != PrefetchStep::kSecond) return;
  if (const Entry* entry = table_.likely(hash)) {
    __builtin_prefetch(entry, 1);
    __builtin_prefetch(reinterpret_cast<const char*>(entry) + kCacheLine, 1);
  }
}

void BufferedStore::put(std::string_view key, std::string_view value) {
  Entry& entry = make_dirty(key, value.size());
  assign_charged(entry, entry.dirty, value);
  cache_->shrink(&entry);
}

void BufferedStore::erase(std::string_view key) {
  Entry& entry = make_dirty(key, 0);
  entry.dirty.size = 0;
  entry.dirty.presence = Presence::kAbsent;
  cache_->shrink(&entry);
}

std::unique_ptr<ByteIterator> BufferedStore::scan(std::string_view from, std::string_view to,
                                                  Direction direction) {
  ensure_index();
  return std::make_unique<BufferedIterator>(*this, from, to, direction);
}

std::unique_ptr<ByteIterator> BufferedStore::scan_group(std::string_view from, std::string_view to,
                                                        Direction direction, std::string_view low,
                                                        std::string_view high) {
  ensure_index();
  return std::make_unique<BufferedIterator>(*this, from, to, direction, low, high);
}

void BufferedStore::drop_range(std::string_view from, std::string_view to) {
  dirty_drops_.emplace_back(from, to);
}

void BufferedStore::for_each_dirty(const DirtyVisitor& visit) {
  for (ListNode* node = dirty_.next; node != &dirty_;) {
    auto& entry = static_cast<Entry&>(*node);
    node = node->next;
    if (entry.base.presence == Presence::kUnset && database_ != nullptr) {
      const auto found = database_->get_into(family_, entry.key(), scratch_);
      if (!found) throw StoreError(spec_.name, std::string(found.error().message()));
      if (*found) assign_charged(entry, entry.base, scratch_);
      if (!*found) entry.base.presence = Presence::kAbsent;
    }
    visit(entry.key(), value_of(entry.base), value_of(entry.dirty));
  }
}

std::uint64_t BufferedStore::approximate_entries() const {
  if (all_buffered_) return table_.size();
  std::uint64_t unspilt = 0;
  for (const ListNode* list : {&dirty_, &committed_}) {
    for (const ListNode* node = list->next; node != list; node = node->next) {
      const auto& entry = static_cast<const Entry&>(*node);
      if (entry.visible().presence == Presence::kPresent) ++unspilt;
    }
  }
  return database_->estimated_keys(family_) + unspilt;
}

bool BufferedStore::knows_absent(std::string_view key) const {
  return all_buffered_ || (index_ != nullptr && index_->knows_absent(key));
}

Entry& BufferedStore::insert(std::string_view key, std::uint32_t hash, std::size_t value_size) {
  if (value_size > inline_capacity_ && value_size <= kMaxInlineValue) {
    inline_capacity_ = static_cast<std::uint8_t>((value_size + 7) & ~std::size_t{7});
  }
  const std::uint8_t capacity = value_size > kMaxInlineValue ? std::uint8_t{0} : inline_capacity_;
  Entry& entry = *table_.insert(make_entry(key, hash, capacity));
  entry.owner = this;
  if (index_) index_->insert(entry);
  if (!in_memory()) cache_->charge(entry.footprint());
  return entry;
}

Entry& BufferedStore::make_dirty(std::string_view key, std::size_t value_size) {
  const std::uint32_t hash = table_.hash(key);
  Entry* entry = table_.find(key, hash);
  if (entry == nullptr) {
    const bool absent = knows_absent(key);
    entry = &insert(key, hash, value_size);
    if (absent) entry->base.presence = Presence::kAbsent;
  }
  if (!entry->is_dirty()) dirty_bytes_ += key.size() + value_size;
  if (!entry->is_dirty() || spec_.caching) entry->move_to_back_of(dirty_);
  return *entry;
}

void BufferedStore::assign_charged(Entry& entry, Slot& slot, std::string_view value) {
  if (value.size() <= slot.capacity || in_memory()) {
    assign(slot, value);
    return;
  }
  cache_->discharge(entry.footprint());
  assign(slot, value);
  cache_->charge(entry.footprint());
}

Entry& BufferedStore::load(std::string_view key, std::uint32_t hash) {
  const auto found = database_->get_into(family_, key, scratch_);
  if (!found) throw StoreError(spec_.name, std::string(found.error().message()));
  Entry& entry = insert(key, hash, *found ? scratch_.size() : 0);
  entry.base.presence = Presence::kAbsent;
  if (*found) assign_charged(entry, entry.base, scratch_);
  cache_->add_clean(entry);
  cache_->shrink(&entry);
  return entry;
}

Entry& BufferedStore::insert_clean(std::string_view key, std::optional<std::string_view> value) {
  const std::uint32_t hash = table_.hash(key);
  Entry* entry = table_.find(key, hash);
  if (entry != nullptr && entry->base.presence != Presence::kUnset) return *entry;
  if (entry == nullptr) {
    entry = &insert(key, hash, value ? value->size() : 0);
    cache_->add_clean(*entry);
  }
  entry->base.presence = Presence::kAbsent;
  if (value) assign_charged(*entry, entry->base, *value);
  return *entry;
}

bool BufferedStore::may_forget(const Evictable& clean) const {
  // The last entry of an index tells that what comes behind it is new.
  return index_ == nullptr || !index_->is_last(static_cast<const Entry&>(clean));
}

void BufferedStore::forget(Evictable& clean) {
  auto& entry = static_cast<Entry&>(clean);
  const bool absent = entry.base.presence == Presence::kAbsent;
  if (!absent) all_buffered_ = false;
  remove(entry, absent);
}

void BufferedStore::remove(Entry& entry, bool absent) {
  if (index_) index_->erase(entry, absent);
  if (!in_memory()) cache_->discharge(entry.footprint());
  table_.erase(&entry);
}

}  // namespace millstream::detail
