#include <millstream/core/big_endian.h>
#include <millstream/operators/detail/byte_parts.h>
#include <millstream/operators/detail/join_buffer.h>

#include <algorithm>

namespace millstream::detail {

namespace {
constexpr std::size_t kTimeSize = 8;
constexpr std::size_t kSequenceSize = 4;
}  // namespace

bool JoinBuffer::put(std::string_view key, std::string_view value, Timestamp timestamp,
                     const Headers& headers) {
  StoreNumbers& numbers = bytes_->numbers();
  if (numbers.observed - grace_ > timestamp) return false;
  observe(timestamp);
  numbers.sequence = (numbers.sequence + 1) & 0x7FFFFFFFU;
  row_.clear();
  append_big_endian(row_, timestamp.ms());
  row_.append(key);
  append_big_endian(row_, numbers.sequence);
  std::string content;
  append_headers(content, headers);
  content.append(value);
  bytes_->put(row_, content);
  return true;
}

void JoinBuffer::observe(Timestamp time) {
  Timestamp& observed = bytes_->numbers().observed;
  observed = std::max(observed, time);
}

std::optional<JoinBuffer::Entry> JoinBuffer::take_ready() {
  const Timestamp last = bytes_->numbers().observed - grace_;
  if (!last.is_valid()) return std::nullopt;
  std::string end;
  append_big_endian(end, last.ms() + 1);
  Entry entry;
  std::string row;
  {
    const auto rows = bytes_->scan({}, end, Direction::kForward);
    if (!rows->valid()) return std::nullopt;
    row = rows->key();
    std::string_view content = rows->value();
    entry.headers = take_headers(content);
    entry.value = content;
  }
  entry.timestamp = Timestamp(read_big_endian<std::int64_t>(row));
  entry.key = row.substr(kTimeSize, row.size() - kTimeSize - kSequenceSize);
  bytes_->erase(row);
  return entry;
}

StoreSpec JoinBuffer::store(const std::string& name) {
  StoreSpec spec;
  spec.name = name;
  spec.kind = StoreKind::kKeyValue;
  return spec;
}

}  // namespace millstream::detail
