#include "batch.h"

#include <millstream/core/assert.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace millstream {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20U;

struct Head {
  std::uint32_t key_size;
  std::uint32_t value_size;
  std::uint16_t family;
  DatabaseBatch::Impl::Kind kind;
};

}  // namespace

void DatabaseBatch::Impl::append(Kind kind, FamilyIndex family, std::string_view key,
                                 std::string_view value) {
  Head head{};
  head.key_size = static_cast<std::uint32_t>(key.size());
  head.value_size = static_cast<std::uint32_t>(value.size());
  head.family = static_cast<std::uint16_t>(family);
  head.kind = kind;
  MILLSTREAM_ASSERT(
      head.key_size == key.size() && head.value_size == value.size() && head.family == family,
      "a row of 4 GB, or 65,536 families");
  char raw[sizeof head];
  std::memcpy(raw, &head, sizeof head);
  const std::size_t size = sizeof raw + key.size() + value.size();
  if (pieces.empty()) {
    pieces.emplace_back();  // Grows by itself: most batches are small.
  } else if (pieces.back().size() + size > kPiece) {
    pieces.emplace_back().reserve(std::max(kPiece, size));
  }
  pieces.back().append(raw, sizeof raw).append(key).append(value);
  bytes += size;
}

rocksdb::WriteBatch DatabaseBatch::Impl::to_rocksdb(const HandleOf& handle_of) const {
  rocksdb::WriteBatch batch(bytes + 64);
  for (std::string_view rest : pieces) {
    while (!rest.empty()) {
      Head head{};
      std::memcpy(&head, rest.data(), sizeof head);
      rest.remove_prefix(sizeof head);
      const rocksdb::Slice key(rest.data(), head.key_size);
      const rocksdb::Slice value(rest.data() + head.key_size, head.value_size);
      rocksdb::ColumnFamilyHandle* family = handle_of(head.family);
      rocksdb::Status status;
      if (head.kind == Kind::kPut) status = batch.Put(family, key, value);
      if (head.kind == Kind::kErase) status = batch.Delete(family, key);
      if (head.kind == Kind::kAdd) status = batch.Merge(family, key, value);
      MILLSTREAM_ASSERT(status.ok(), "a batch in memory takes every row");
      rest.remove_prefix(std::size_t{head.key_size} + head.value_size);
    }
  }
  return batch;
}

DatabaseBatch::DatabaseBatch() : impl_(std::make_unique<Impl>()) {}
DatabaseBatch::~DatabaseBatch() = default;
DatabaseBatch::DatabaseBatch(DatabaseBatch&&) noexcept = default;
DatabaseBatch& DatabaseBatch::operator=(DatabaseBatch&&) noexcept = default;

void DatabaseBatch::put(FamilyIndex family, std::string_view key, std::string_view value) {
  impl_->append(Impl::Kind::kPut, family, key, value);
}
void DatabaseBatch::erase(FamilyIndex family, std::string_view key) {
  impl_->append(Impl::Kind::kErase, family, key, {});
}
void DatabaseBatch::add(FamilyIndex family, std::string_view key, std::uint64_t amount) {
  char bytes[sizeof amount];
  for (char& byte : bytes) {
    byte = static_cast<char>(amount & 0xFFU);
    amount >>= 8U;
  }
  impl_->append(Impl::Kind::kAdd, family, key, {bytes, sizeof bytes});
}
void DatabaseBatch::clear() {
  impl_->pieces.clear();
  impl_->bytes = 0;
}
std::size_t DatabaseBatch::bytes() const { return impl_->bytes; }
bool DatabaseBatch::empty() const { return impl_->bytes == 0; }

}  // namespace millstream
