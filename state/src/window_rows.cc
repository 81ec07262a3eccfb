#include <millstream/core/big_endian.h>
#include <millstream/state/detail/window_rows.h>

namespace millstream::detail {

WindowRows::WindowRows(ByteStore& bytes, const StoreSpec& spec)
    : rows_(bytes, spec, spec.retain_duplicates ? 12 : 8),
      retain_duplicates_(spec.retain_duplicates),
      in_memory_(!spec.persistent) {}

std::string_view WindowRows::suffix(Timestamp start) {
  suffix_.clear();
  append_big_endian(suffix_, start.ms());
  if (retain_duplicates_) append_big_endian(suffix_, rows_.bytes().numbers().sequence);
  return suffix_;
}

bool WindowRows::put(std::string_view key, std::string_view value, Timestamp start) {
  rows_.observe(start);
  if (start < rows_.first_visible()) return false;
  if (retain_duplicates_) {
    auto& sequence = rows_.bytes().numbers().sequence;
    sequence = (sequence + 1) & 0x7FFFFFFFU;
  }
  rows_.put(key, suffix(start), value);
  return true;
}

bool WindowRows::erase(std::string_view key, Timestamp start) {
  // As in Kafka Streams, rows with duplicates can't be deleted.
  if (retain_duplicates_ && !in_memory_) return true;
  rows_.observe(start);
  if (start < rows_.first_visible()) return false;
  if (!retain_duplicates_) rows_.erase(key, suffix(start));
  return true;
}

std::optional<std::string_view> WindowRows::get(std::string_view key, Timestamp start) {
  if (start < rows_.first_visible() || start > rows_.observed()) return std::nullopt;
  if (retain_duplicates_ && in_memory_) return std::nullopt;
  return rows_.get(key, suffix(start));
}

void WindowRows::prefetch(std::string_view key, Timestamp start, PrefetchStep step) {
  if (start >= Timestamp(0)) rows_.prefetch(key, suffix(start), step);
}

std::unique_ptr<RowWalk> WindowRows::fetch(std::string_view key, Timestamp from, Timestamp to,
                                           Direction direction) {
  return rows_.walk({.key_from = key,
                     .key_to = key,
                     .single_key = true,
                     .from = from,
                     .to = to,
                     .direction = direction});
}

}  // namespace millstream::detail
