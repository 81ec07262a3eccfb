#pragma once

#include <millstream/rocks/database.h>

#include <rocksdb/cache.h>
#include <rocksdb/options.h>
#include <rocksdb/write_buffer_manager.h>

#include <memory>

namespace millstream {

struct RocksResources::Impl {
  explicit Impl(const Options& options);

  std::size_t memory_budget;
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
};

namespace detail {

/// What a state store wants of RocksDB: small, bounded, quick to open.
rocksdb::DBOptions database_options(const RocksResources::Impl& resources, bool create_if_missing);
rocksdb::ColumnFamilyOptions family_options(const RocksResources::Impl& resources);

/// A RocksDB status as ours, naming the directory.
Status to_status(const rocksdb::Status& status, const std::string& path, const char* doing);

}  // namespace detail
}  // namespace millstream
