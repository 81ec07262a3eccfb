#pragma once

#include <millstream/rocks/database.h>

#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <string_view>

namespace millstream::detail {

std::unique_ptr<DatabaseIterator> make_iterator(rocksdb::DB& db,
                                                rocksdb::ColumnFamilyHandle& family,
                                                const std::string& path, std::string_view from,
                                                std::string_view to, ScanDirection direction);

}  // namespace millstream::detail
