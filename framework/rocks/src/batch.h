#pragma once

#include <millstream/rocks/database.h>

#include <rocksdb/write_batch.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace millstream {

/// Changes as bytes: a batch doesn't know the database, so families are still indices here.
struct DatabaseBatch::Impl {
  enum class Kind : char { kPut, kErase, kAdd };

  void append(Kind kind, FamilyIndex family, std::string_view key, std::string_view value);

  /// The same as RocksDB wants it.
  using HandleOf = std::function<rocksdb::ColumnFamilyHandle*(FamilyIndex)>;
  [[nodiscard]] rocksdb::WriteBatch to_rocksdb(const HandleOf& handle_of) const;

  /// Pieces of a megabyte: a big batch grows without being copied.
  std::vector<std::string> pieces;
  std::size_t bytes = 0;
};

}  // namespace millstream
