#include <millstream/core/big_endian.h>
#include <millstream/operators/detail/byte_parts.h>
#include <millstream/operators/detail/outer_join_store.h>

namespace millstream::detail {

namespace {
constexpr std::size_t kKeyOffset = 9;  // behind the time and the side
}  // namespace

std::string_view OuterJoinStore::row_key(const Place& place) {
  row_.clear();
  append_big_endian(row_, place.timestamp.ms());
  row_.push_back(place.is_left ? '\1' : '\0');
  row_.append(place.key);
  return row_;
}

void OuterJoinStore::add(const Place& place, std::string_view value) {
  const std::string_view row = row_key(place);
  std::string list(bytes_->get(row).value_or(std::string_view()));
  append_sized(list, value);
  bytes_->put(row, list);
}

void OuterJoinStore::erase(const Place& place) {
  const std::string_view row = row_key(place);
  if (bytes_->get(row)) bytes_->erase(row);
}

OuterJoinStore::Walk::Walk(ByteStore& bytes) : rows_(bytes.scan({}, {}, Direction::kForward)) {}

std::optional<OuterJoinStore::Place> OuterJoinStore::Walk::next() {
  if (started_) rows_->next();
  started_ = true;
  if (!rows_->valid()) return std::nullopt;
  const std::string_view row = rows_->key();
  return Place{Timestamp(read_big_endian<std::int64_t>(row)), row[kKeyOffset - 1] != '\0',
               row.substr(kKeyOffset)};
}

std::vector<std::string> OuterJoinStore::Walk::values() const {
  std::vector<std::string> values;
  for (std::string_view list = rows_->value(); !list.empty();) {
    values.emplace_back(take_sized(list));
  }
  return values;
}

}  // namespace millstream::detail
