#include <millstream/core/assert.h>
#include <millstream/core/big_endian.h>
#include <millstream/operators/detail/suppress_buffer.h>
#include <millstream/state/errors.h>

#include <cstdint>

namespace millstream::detail {

namespace {

constexpr std::int32_t kNull = -1;
constexpr std::int32_t kSameAsPrior = -2;
constexpr std::size_t kTimeSize = 8;
/// What a record's context takes beside topic and headers: timestamp, offset, partition.
constexpr std::size_t kContextSize = 8 + 8 + 4;

void append_size(std::string& out, std::size_t size) {
  append_big_endian(out, static_cast<std::int32_t>(size));
}

void append_value(std::string& out, const std::optional<std::string_view>& value) {
  if (!value) return append_big_endian(out, kNull);
  append_size(out, value->size());
  out.append(*value);
}

void append_context(std::string& out, Timestamp timestamp, const Headers& headers,
                    const RecordMetadata& origin) {
  append_big_endian(out, timestamp.ms());
  append_big_endian(out, to_int(origin.offset));
  append_size(out, origin.topic.size());
  out.append(origin.topic);
  append_big_endian(out, static_cast<std::int32_t>(origin.partition));
  append_size(out, headers.size());
  for (const Header& header : headers) {
    append_size(out, header.name.size());
    out.append(header.name);
    append_value(out, header.value);
  }
}

/// Takes a row apart, from its beginning.
class RowReader {
 public:
  RowReader(std::string_view row, const std::string& store) : rest_(row), store_(store) {}

  template <class Int>
  Int number() {
    return read_big_endian<Int>(take(sizeof(Int)));
  }
  std::string_view text() { return take(static_cast<std::size_t>(number<std::int32_t>())); }
  std::optional<std::string_view> value() { return value_of_size(number<std::int32_t>()); }
  std::optional<std::string_view> value_of_size(std::int32_t size) {
    if (size < 0) return std::nullopt;
    return take(static_cast<std::size_t>(size));
  }

 private:
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) throw StoreError(store_, "a row of a suppress buffer is cut short");
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  const std::string& store_;
};

struct ParsedRow {
  EvictedUpdate update;
  Timestamp time;
  std::size_t size = 0;
};

ParsedRow parse(std::string_view key, std::string_view row, const std::string& store) {
  RowReader reader(row, store);
  ParsedRow parsed;
  EvictedUpdate& update = parsed.update;
  update.key = key;
  update.timestamp = Timestamp(reader.number<std::int64_t>());
  reader.number<std::int64_t>();
  parsed.size = kTimeSize + key.size() + kContextSize + reader.text().size();
  reader.number<std::int32_t>();
  for (auto count = reader.number<std::int32_t>(); count > 0; --count) {
    const std::string_view name = reader.text();
    const auto value = reader.value();
    parsed.size += name.size() + (value ? value->size() : 0);
    update.headers.add(std::string(name),
                       value ? std::optional<std::string>(*value) : std::nullopt);
  }
  update.prior_value = reader.value();
  const auto old_size = reader.number<std::int32_t>();
  const bool same = old_size == kSameAsPrior;
  update.old_value = same ? update.prior_value : reader.value_of_size(old_size);
  update.new_value = reader.value();
  parsed.time = Timestamp(reader.number<std::int64_t>());
  const auto add_size = [&parsed](const std::optional<std::string_view>& value) {
    if (value) parsed.size += value->size();
  };
  add_size(update.prior_value);
  if (!same) add_size(update.old_value);
  add_size(update.new_value);
  return parsed;
}

}  // namespace

void SuppressBuffer::reload() {
  order_.clear();
  bytes_ = 0;
  for (auto rows = rows_->scan({}, {}, Direction::kForward); rows->valid(); rows->next()) {
    const ParsedRow row = parse(rows->key(), rows->value(), rows_->name());
    order_.emplace(row.time, rows->key());
    bytes_ += row.size;
  }
}

void SuppressBuffer::put(Timestamp time, std::string_view key, const SuppressedUpdate& update,
                         const Headers& headers, const RecordMetadata& origin) {
  row_.clear();
  append_context(row_, update.timestamp, headers, origin);
  std::optional<std::string_view> prior = update.old_value;
  const auto buffered = rows_->get(key);
  if (buffered) {
    const ParsedRow row = parse(key, *buffered, rows_->name());
    prior = row.update.prior_value;
    time = row.time;
    bytes_ -= row.size;
  } else {
    order_.emplace(time, key);
  }
  append_value(row_, prior);
  if (update.old_value && prior == update.old_value) {
    append_big_endian(row_, kSameAsPrior);
  } else {
    append_value(row_, update.old_value);
  }
  append_value(row_, update.new_value);
  append_big_endian(row_, time.ms());
  bytes_ += parse(key, row_, rows_->name()).size;
  rows_->put(key, row_);
}

std::optional<std::optional<std::string_view>> SuppressBuffer::prior_value(std::string_view key) {
  const auto row = rows_->get(key);
  if (!row) return std::nullopt;
  return parse(key, *row, rows_->name()).update.prior_value;
}

EvictedUpdate SuppressBuffer::oldest() {
  const std::string& key = order_.begin()->second;
  const auto row = rows_->get(key);
  MILLSTREAM_ASSERT(row.has_value(), "a suppressed update without its row");
  read_row_.assign(*row);
  return parse(key, read_row_, rows_->name()).update;
}

void SuppressBuffer::erase_oldest() {
  const std::string& key = order_.begin()->second;
  bytes_ -= parse(key, read_row_, rows_->name()).size;
  rows_->erase(key);
  order_.erase(order_.begin());
}

}  // namespace millstream::detail
