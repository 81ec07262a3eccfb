#include "iterator.h"

#include "resources.h"

namespace millstream::detail {
namespace {

std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

class RocksIterator final : public DatabaseIterator {
 public:
  RocksIterator(rocksdb::DB& db, rocksdb::ColumnFamilyHandle& family, const std::string& path,
                std::string_view from, std::string_view to, ScanDirection direction)
      : path_(path), from_(from), to_(to), forward_(direction == ScanDirection::kForward) {
    low_ = from_;
    high_ = to_;
    rocksdb::ReadOptions options;
    if (!from_.empty()) options.iterate_lower_bound = &low_;
    if (!to_.empty()) options.iterate_upper_bound = &high_;
    rows_.reset(db.NewIterator(options, &family));
    if (!to_.empty() && to_ <= from_) return;  // Empty, and no range to RocksDB's mind.
    if (forward_) {
      rows_->SeekToFirst();
    } else {
      rows_->SeekToLast();
    }
    valid_ = rows_->Valid();
  }

  [[nodiscard]] bool valid() const override { return valid_; }
  [[nodiscard]] std::string_view key() const override { return view(rows_->key()); }
  [[nodiscard]] std::string_view value() const override { return view(rows_->value()); }
  void next() override {
    if (forward_) {
      rows_->Next();
    } else {
      rows_->Prev();
    }
    valid_ = rows_->Valid();
  }
  [[nodiscard]] Status status() const override {
    return to_status(rows_->status(), path_, "scanning");
  }

 private:
  const std::string& path_;
  std::string from_;
  std::string to_;
  rocksdb::Slice low_;
  rocksdb::Slice high_;
  bool forward_;
  bool valid_ = false;
  std::unique_ptr<rocksdb::Iterator> rows_;
};

}  // namespace

std::unique_ptr<DatabaseIterator> make_iterator(rocksdb::DB& db,
                                                rocksdb::ColumnFamilyHandle& family,
                                                const std::string& path, std::string_view from,
                                                std::string_view to, ScanDirection direction) {
  return std::make_unique<RocksIterator>(db, family, path, from, to, direction);
}

}  // namespace millstream::detail
