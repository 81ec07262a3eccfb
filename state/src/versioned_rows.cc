#include <millstream/core/big_endian.h>
#include <millstream/state/detail/versioned_rows.h>

#include <algorithm>

namespace millstream::detail {

VersionedRows::VersionedRows(ByteStore& bytes, const StoreSpec& spec)
    : bytes_(&bytes), segments_(spec.retention), history_(spec.retention) {}

void VersionedRows::observe(Timestamp time) {
  StoreNumbers& numbers = bytes_->numbers();
  if (time <= numbers.observed) return;
  const auto first_live = [&] {
    return segments_.of(std::max(numbers.observed - history_, Timestamp(0)));
  };
  const std::int64_t before = first_live();
  numbers.observed = time;
  if (first_live() == before) return;
  std::string end;
  segments_.append_prefix(end, segments_.start_of(first_live()));
  bytes_->drop_range(std::string_view("\x01", 1), end);
}

std::string_view VersionedRows::latest_key(std::string_view key) {
  key_buffer_.assign(1, '\0');
  key_buffer_.append(key);
  return key_buffer_;
}

std::string_view VersionedRows::row_key(std::string_view key, Timestamp to) {
  key_buffer_.clear();
  segments_.append_prefix(key_buffer_, to);
  key_buffer_.append(key);
  append_big_endian(key_buffer_, to.ms());
  return key_buffer_;
}

std::optional<VersionedRows::Version> VersionedRows::get(std::string_view key) {
  const auto latest = bytes_->get(latest_key(key));
  if (!latest) return std::nullopt;
  return Version{latest->substr(8), Timestamp(read_big_endian<std::int64_t>(*latest)),
                 std::nullopt};
}

std::optional<VersionedRows::Version> VersionedRows::get(std::string_view key, Timestamp as_of) {
  auto latest = get(key);
  if (latest && latest->from <= as_of) return latest;
  if (is_expired(as_of)) return std::nullopt;
  auto row = first_ending_after(key, as_of);
  if (!row || row->from > as_of || !row->has_value) return std::nullopt;
  result_ = std::move(row->value);
  return Version{result_, row->from, row->to};
}

std::optional<VersionedRows::Row> VersionedRows::first_ending_after(std::string_view key,
                                                                    Timestamp time) {
  if (time >= observed()) return std::nullopt;
  const std::int64_t last = segments_.of(observed());
  const Timestamp first_end = std::max(time + Duration(1), Timestamp(0));
  for (std::int64_t segment = segments_.of(first_end); segment <= last; ++segment) {
    std::string group;
    segments_.append_prefix(group, segments_.start_of(segment));
    group.append(key);
    std::string from = group;
    append_big_endian(from, first_end.ms());
    std::string low = group;
    append_big_endian(low, segments_.start_of(segment).ms());
    std::string high = group;
    append_big_endian(high, segments_.end_of(segment).ms());
    high.push_back('\0');
    const auto rows = bytes_->scan_group(from, high, Direction::kForward, low, high);
    for (; rows->valid(); rows->next()) {
      if (rows->key().size() != group.size() + 8) continue;
      const std::string_view value = rows->value();
      return Row{Timestamp(read_big_endian<std::int64_t>(value)),
                 Timestamp(read_big_endian<std::int64_t>(rows->key(), group.size())), value[8] != 0,
                 std::string(value.substr(9))};
    }
  }
  return std::nullopt;
}

void VersionedRows::write(std::string_view key, Timestamp from, Timestamp to,
                          std::optional<std::string_view> value) {
  value_buffer_.clear();
  append_big_endian(value_buffer_, from.ms());
  value_buffer_.push_back(value ? '\1' : '\0');
  if (value) value_buffer_.append(*value);
  bytes_->put(row_key(key, to), value_buffer_);
}

void VersionedRows::mark_boundary(std::string_view key, Timestamp time) {
  if (!bytes_->get(row_key(key, time))) write(key, time, time, std::nullopt);
}

void VersionedRows::put_latest(std::string_view key, std::optional<std::string_view> value,
                               Timestamp time, const std::optional<Version>& latest) {
  if (latest && latest->from < time) {
    const std::string moved(latest->value);
    write(key, latest->from, time, moved);
  }
  if (value) {
    value_buffer_.clear();
    append_big_endian(value_buffer_, time.ms());
    value_buffer_.append(*value);
    bytes_->put(latest_key(key), value_buffer_);
    return;
  }
  // A tombstone at the latest version's own time takes its place and leaves no boundary.
  const bool replaced = latest && latest->from == time;
  if (latest) bytes_->erase(latest_key(key));
  if (!replaced) mark_boundary(key, time);
}

Timestamp VersionedRows::put_earlier(std::string_view key, std::optional<std::string_view> value,
                                     Timestamp time, const std::optional<Row>& row,
                                     Timestamp latest_from) {
  if (!row) {
    write(key, time, latest_from, value);
    return latest_from;
  }
  if (row->from > time) {  // In a gap, which a tombstone left.
    write(key, time, row->from, value);
    return row->from;
  }
  if (row->from < time) {
    write(key, row->from, time,
          row->has_value ? std::optional<std::string_view>(row->value) : std::nullopt);
  }
  write(key, time, row->to, value);
  return row->to;
}

VersionedRows::Put VersionedRows::put(std::string_view key, std::optional<std::string_view> value,
                                      Timestamp time) {
  if (time < Timestamp(0) || is_expired(time)) return {};
  observe(time);
  const auto latest = get(key);
  if (latest && latest->from <= time) {
    put_latest(key, value, time, latest);
    return {true, std::nullopt};
  }
  const std::optional<Timestamp> latest_from = latest ? std::optional(latest->from) : std::nullopt;
  const auto row = first_ending_after(key, time);
  if (!row && !latest_from) {
    put_latest(key, value, time, std::nullopt);
    return {true, std::nullopt};
  }
  return {true, put_earlier(key, value, time, row, latest_from.value_or(Timestamp::max()))};
}

}  // namespace millstream::detail
