#include "resources.h"

#include <millstream/core/assert.h>

#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/merge_operator.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <cstdarg>

#ifdef MILLSTREAM_FAULTS
namespace millstream::faults {
rocksdb::Env* environment();  // the test's file system
}
#endif

namespace millstream {

namespace {

// RocksDB's own choice is up to 64 parts, of half a MB or more: a large file's filter fits in none
// of them, and is read and checked anew for each key that's looked up. Few threads use the cache.
constexpr int kShardBits = 1;
// Filters and indices stay where rows go.
constexpr double kForFilters = 0.5;

}  // namespace

RocksResources::Impl::Impl(const Options& options)
    : memory_budget(std::max(options.memory_budget, std::size_t{1} << 20U)),
      cache(rocksdb::NewLRUCache(memory_budget, kShardBits, /*strict_capacity_limit=*/false,
                                 kForFilters)),
      write_buffers(std::make_shared<rocksdb::WriteBufferManager>(memory_budget / 2, cache)) {}

RocksResources::RocksResources(const Options& options) : impl_(std::make_unique<Impl>(options)) {}
RocksResources::~RocksResources() = default;

std::size_t RocksResources::memory_used() const { return impl_->cache->GetUsage(); }

namespace detail {
namespace {

/// RocksDB's own log file is one more that can't be written when the disk is full, and that it
/// asserts to be written all the same. What goes wrong comes back as a status.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

rocksdb::CompressionType best_compression() {
  const auto supported = rocksdb::GetSupportedCompressions();
  const bool lz4 = std::ranges::find(supported, rocksdb::kLZ4Compression) != supported.end();
  return lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

}  // namespace

rocksdb::DBOptions database_options(const RocksResources::Impl& resources, bool create_if_missing) {
  rocksdb::DBOptions options;
  options.create_if_missing = create_if_missing;
  options.create_missing_column_families = true;
#ifdef MILLSTREAM_FAULTS
  options.env = faults::environment();
#endif
  // Families are flushed together: else a lost WAL could leave a position without its rows.
  options.atomic_flush = true;
  options.write_buffer_manager = resources.write_buffers;
  options.max_background_jobs = 2;
  options.max_open_files = 256;
  // The log survives a killed process by itself; memtables come back from it.
  options.avoid_flush_during_shutdown = true;
  options.avoid_flush_during_recovery = true;
  options.max_total_wal_size = std::uint64_t{16} << 20U;
  // A database of ours has one writer at a time.
  options.allow_concurrent_memtable_write = false;
  options.bytes_per_sync = std::uint64_t{1} << 20U;
  options.info_log = std::make_shared<NoLog>();
  options.skip_stats_update_on_db_open = true;
  options.skip_checking_sst_file_sizes_on_db_open = true;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocksdb::ColumnFamilyOptions family_options(const RocksResources::Impl& resources) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = resources.cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;

  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = best_compression();
  const rocksdb::Status adds = rocksdb::MergeOperator::CreateFromString(
      rocksdb::ConfigOptions(), "uint64add", &options.merge_operator);
  MILLSTREAM_ASSERT(adds.ok(), "RocksDB has an operator that adds");
  options.write_buffer_size =
      std::clamp(resources.memory_budget / 8, std::size_t{1} << 20U, std::size_t{16} << 20U);
  options.arena_block_size = std::size_t{128} << 10U;
  options.max_write_buffer_number = 3;
  // Batches are sorted: a row finds its place beside the one before it.
  options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewCappedPrefixTransform(0));
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = 0.02;
  options.level_compaction_dynamic_level_bytes = true;
  return options;
}

Status to_status(const rocksdb::Status& status, const std::string& path, const char* doing) {
  if (status.ok()) return {};
  const std::string what = "RocksDB in " + path + ": " + doing + ": " + status.ToString();
  if (status.IsNoSpace()) return Error::fatal(what + "; make room and start again");
  return Error::machine(what);
}

}  // namespace detail
}  // namespace millstream
