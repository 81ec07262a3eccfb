#include "changelog_codec.h"

#include <millstream/core/assert.h>
#include <millstream/core/big_endian.h>

#include <algorithm>

#include "row_layout.h"

namespace millstream::detail {
namespace {

bool is_session(StoreKind kind) { return kind == StoreKind::kSession; }
bool is_timed(StoreKind kind) {
  return kind == StoreKind::kWindow || kind == StoreKind::kTimestampedWindow || is_session(kind);
}
bool is_timestamped(StoreKind kind) {
  return kind == StoreKind::kTimestampedKeyValue || kind == StoreKind::kTimestampedWindow;
}

// Changelog keys end in start and sequence (windows), or end and start (sessions).
std::size_t changelog_suffix_size(StoreKind kind) { return is_session(kind) ? 16 : 12; }

}  // namespace

std::optional<ChangelogRecord> to_changelog(const StoreSpec& spec, std::string_view key,
                                            std::optional<std::string_view> value,
                                            std::string& scratch) {
  MILLSTREAM_ASSERT(spec.kind != StoreKind::kVersioned, "versions log themselves");
  ChangelogRecord record{key, value, Timestamp::none()};
  if (is_timed(spec.kind)) {
    if (key.front() == '\0') return std::nullopt;  // The time index.
    scratch.assign(key.substr(kSegmentPrefixSize));
    if (!is_session(spec.kind) && !spec.retain_duplicates) scratch.append(4, '\0');
    record.key = scratch;
  }
  if (value && is_timestamped(spec.kind)) {
    record.timestamp = Timestamp(read_big_endian<std::int64_t>(*value));
    record.value = value->substr(8);
  }
  return record;
}

ChangelogReader::ChangelogReader(ByteStore& store, const StoreSpec& spec)
    : store_(store), spec_(spec) {
  if (is_timed(spec.kind)) timed_.emplace(store, spec, row_suffix_size(spec));
  if (spec.kind == StoreKind::kVersioned) versioned_.emplace(store, spec);
}

std::optional<std::string_view> ChangelogReader::stored_value(const ChangelogRecord& record) {
  if (!record.value || !is_timestamped(spec_.kind)) return record.value;
  value_buffer_.clear();
  append_big_endian(value_buffer_, record.timestamp.ms());
  value_buffer_.append(*record.value);
  return value_buffer_;
}

Status ChangelogReader::apply(const ChangelogRecord& record) {
  if (timed_) return apply_timed(record);
  if (versioned_) {
    versioned_->put(record.key, record.value, record.timestamp);
    return {};
  }
  if (const auto value = stored_value(record)) {
    store_.put(record.key, *value);
  } else {
    store_.erase(record.key);
  }
  return {};
}

void ChangelogReader::prefetch(const ChangelogRecord& record, PrefetchStep step) {
  if (!timed_) {
    if (!versioned_) store_.prefetch(record.key, step);
    return;
  }
  const std::size_t suffix_size = changelog_suffix_size(spec_.kind);
  if (record.key.size() < suffix_size) return;
  const std::size_t key_size = record.key.size() - suffix_size;
  const std::string_view suffix = record.key.substr(key_size, row_suffix_size(spec_));
  if (Timestamp(read_big_endian<std::int64_t>(suffix)) < timed_->first_visible()) return;
  timed_->prefetch(record.key.substr(0, key_size), suffix, step);
}

Status ChangelogReader::apply_timed(const ChangelogRecord& record) {
  const std::size_t suffix_size = changelog_suffix_size(spec_.kind);
  if (record.key.size() < suffix_size) {
    return Error::data("the changelog of " + spec_.name + " has a key of " +
                       std::to_string(record.key.size()) +
                       " bytes, too short for a window: is it this store's?");
  }
  const std::size_t key_size = record.key.size() - suffix_size;
  const std::string_view key = record.key.substr(0, key_size);
  const std::string_view suffix = record.key.substr(key_size, row_suffix_size(spec_));
  const Timestamp time(read_big_endian<std::int64_t>(suffix));
  if (!is_session(spec_.kind)) {
    const auto sequence = read_big_endian<std::uint32_t>(record.key, key_size + 8);
    store_.numbers().sequence = std::max(store_.numbers().sequence, sequence);
  }
  if (time < timed_->first_visible()) return {};
  timed_->observe(time);
  if (const auto value = stored_value(record)) {
    timed_->put(key, suffix, *value);
  } else {
    timed_->erase(key, suffix);
  }
  return {};
}

}  // namespace millstream::detail
