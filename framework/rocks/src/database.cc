#include <millstream/rocks/database.h>

#include <millstream/core/assert.h>

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>

#include "batch.h"
#include "iterator.h"
#include "resources.h"

namespace millstream {
namespace {

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

/// The families on disk.
Result<std::vector<std::string>> families_present(const Database::Options& options,
                                                  const RocksResources& resources) {
  std::vector<std::string> present;
  std::error_code error;
  if (!std::filesystem::exists(options.path + "/CURRENT", error)) return present;
  MILLSTREAM_TRY(detail::to_status(
      rocksdb::DB::ListColumnFamilies(detail::database_options(resources.impl(), false),
                                      options.path, &present),
      options.path, "opening"));
  return present;
}

/// The families to open: "default", the ones asked for, and what else is on disk.
std::vector<std::string> families_to_open(const Database::Options& options,
                                          const std::vector<std::string>& present) {
  std::vector<std::string> names{rocksdb::kDefaultColumnFamilyName};
  names.insert(names.end(), options.families.begin(), options.families.end());
  for (const std::string& name : present) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

}  // namespace

struct Database::Impl {
  ~Impl();
  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(FamilyIndex family) const {
    MILLSTREAM_ASSERT(family < handles.size(), "no such column family");
    return handles[family];
  }
  Status erase_remaining(FamilyIndex family);
  /// What a write came to. After one that failed RocksDB isn't touched again: its log is broken off
  /// in the middle, and RocksDB asserts (as Debian builds it) that nobody goes on with it.
  Status written(const rocksdb::Status& status, const char* doing);
  [[nodiscard]] Status check_writable() const;

  std::string path;
  std::unique_ptr<RocksResources> own_resources;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  std::vector<bool> made;  ///< A family: by this opening.
  mutable std::mutex failure_mutex;
  std::atomic<bool> failed{false};
  Status failure;  ///< The first write's that failed.
};

Status Database::Impl::written(const rocksdb::Status& status, const char* doing) {
  if (status.ok()) return {};
  const Error error = Error::fatal("RocksDB in " + path + ": " + doing + ": " + status.ToString() +
                                   (status.IsNoSpace() ? "; make room and start again" : ""));
  const std::scoped_lock lock(failure_mutex);
  if (failure) failure = error;
  failed.store(true);
  return error;
}

Status Database::Impl::check_writable() const {
  if (!failed.load()) return {};
  const std::scoped_lock lock(failure_mutex);
  return failure;
}

Database::Impl::~Impl() {
  for (rocksdb::ColumnFamilyHandle* family : handles) {
    // Fails only for a null handle.
    static_cast<void>(db->DestroyColumnFamilyHandle(family).ok());
  }
  if (db) static_cast<void>(db->Close().ok());  // Nothing is lost by it: the WAL has all.
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const Options& options) {
  auto impl = std::make_unique<Impl>();
  impl->path = options.path;
  if (options.resources == nullptr) {
    impl->own_resources = std::make_unique<RocksResources>(RocksResources::Options{});
  }
  const RocksResources& resources =
      options.resources != nullptr ? *options.resources : *impl->own_resources;
  std::error_code error;
  if (options.create_if_missing) std::filesystem::create_directories(options.path, error);
  if (error) {
    return Error::machine("cannot make the directory " + options.path + ": " + error.message());
  }
  const auto present = families_present(options, resources);
  if (!present) return present.error();
  const std::vector<std::string> names = families_to_open(options, *present);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  const auto family_options = detail::family_options(resources.impl());
  families.reserve(names.size());
  for (const std::string& name : names) {
    families.emplace_back(name, family_options);
    impl->made.push_back(std::ranges::find(*present, name) == present->end());
  }
  rocksdb::DB* db = nullptr;
  MILLSTREAM_TRY(detail::to_status(
      rocksdb::DB::Open(detail::database_options(resources.impl(), options.create_if_missing),
                        options.path, families, &impl->handles, &db),
      options.path, "opening"));
  impl->db.reset(db);
  return std::unique_ptr<Database>(new Database(std::move(impl)));  // NOLINT: private constructor
}

bool Database::is_new(FamilyIndex family) const { return impl_->made.at(family); }

Result<bool> Database::get_into(FamilyIndex family, std::string_view key, std::string& out) const {
  rocksdb::PinnableSlice value(&out);
  const rocksdb::Status status =
      impl_->db->Get(rocksdb::ReadOptions(), impl_->handle(family), slice(key), &value);
  if (status.IsNotFound()) return false;
  MILLSTREAM_TRY(detail::to_status(status, impl_->path, "reading"));
  if (value.IsPinned()) out.assign(value.data(), value.size());
  return true;
}

Result<std::optional<std::string>> Database::get(FamilyIndex family, std::string_view key) const {
  std::string value;
  const auto found = get_into(family, key, value);
  if (!found) return found.error();
  if (!*found) return std::optional<std::string>();
  return std::optional<std::string>(std::move(value));
}

std::unique_ptr<DatabaseIterator> Database::scan(FamilyIndex family, std::string_view from,
                                                 std::string_view to,
                                                 ScanDirection direction) const {
  return detail::make_iterator(*impl_->db, *impl_->handle(family), impl_->path, from, to,
                               direction);
}

Status Database::write(const DatabaseBatch& batch, bool sync) {
  MILLSTREAM_TRY(impl_->check_writable());
  rocksdb::WriteOptions options;
  options.sync = sync;
  rocksdb::WriteBatch changes =
      batch.impl().to_rocksdb([this](FamilyIndex family) { return impl_->handle(family); });
  return impl_->written(impl_->db->Write(options, &changes), "writing");
}

Status Database::sync_wal() {
  MILLSTREAM_TRY(impl_->check_writable());
  return impl_->written(impl_->db->SyncWAL(), "syncing the log");
}

std::uint64_t Database::latest_sequence() const { return impl_->db->GetLatestSequenceNumber(); }

Status Database::drop_range(FamilyIndex family, std::string_view from, std::string_view to) {
  MILLSTREAM_TRY(impl_->check_writable());
  const rocksdb::Slice low = slice(from);
  const rocksdb::Slice high = slice(to);
  return detail::to_status(
      rocksdb::DeleteFilesInRange(impl_->db.get(), impl_->handle(family),
                                  from.empty() ? nullptr : &low, to.empty() ? nullptr : &high,
                                  /*include_end=*/false),
      impl_->path, "dropping a range");
}

Status Database::Impl::erase_remaining(FamilyIndex family) {
  constexpr std::size_t kBatchBytes = std::size_t{1} << 20U;
  rocksdb::WriteBatch batch;
  const std::unique_ptr<rocksdb::Iterator> rows(
      db->NewIterator(rocksdb::ReadOptions(), handle(family)));
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    MILLSTREAM_TRY(detail::to_status(batch.Delete(handle(family), rows->key()), path, "clearing"));
    if (batch.GetDataSize() < kBatchBytes) continue;
    MILLSTREAM_TRY(written(db->Write(rocksdb::WriteOptions(), &batch), "clearing"));
    batch.Clear();
  }
  MILLSTREAM_TRY(detail::to_status(rows->status(), path, "clearing"));
  return written(db->Write(rocksdb::WriteOptions(), &batch), "clearing");
}

Status Database::clear(FamilyIndex family) {
  MILLSTREAM_TRY(drop_range(family, {}, {}));
  return impl_->erase_remaining(family);
}

Status Database::flush() {
  MILLSTREAM_TRY(impl_->check_writable());
  return impl_->written(impl_->db->Flush(rocksdb::FlushOptions(), impl_->handles), "flushing");
}

std::uint64_t Database::estimated_keys(FamilyIndex family) const {
  std::uint64_t keys = 0;
  impl_->db->GetIntProperty(impl_->handle(family), rocksdb::DB::Properties::kEstimateNumKeys,
                            &keys);
  return keys;
}

std::uint64_t Database::estimated_bytes(FamilyIndex family) const {
  using Properties = rocksdb::DB::Properties;
  std::uint64_t files = 0;
  std::uint64_t memtables = 0;
  impl_->db->GetIntProperty(impl_->handle(family), Properties::kLiveSstFilesSize, &files);
  impl_->db->GetIntProperty(impl_->handle(family), Properties::kSizeAllMemTables, &memtables);
  return files + memtables;
}

const std::string& Database::path() const { return impl_->path; }

}  // namespace millstream
