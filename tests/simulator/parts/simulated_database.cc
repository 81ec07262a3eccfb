// The classes of framework/rocks over a SimulatedDisk. The simulator's programs have these instead
// of the real ones: opening a RocksDB costs more than a whole schedule may.
#include <millstream/core/assert.h>
#include <millstream/rocks/database.h>

#include "simulated_disk.h"

#include <cstring>
#include <utility>

namespace millstream {

using simulation::SimulatedDisk;

struct RocksResources::Impl {};
RocksResources::RocksResources(const Options&) : impl_(std::make_unique<Impl>()) {}
RocksResources::~RocksResources() = default;
std::size_t RocksResources::memory_used() const { return 0; }

struct DatabaseBatch::Impl {
  struct Change {
    FamilyIndex family;
    std::string key;
    std::optional<std::string> value;
    std::uint64_t added = 0;
  };
  std::vector<Change> changes;
  std::size_t bytes = 0;
};
DatabaseBatch::DatabaseBatch() : impl_(std::make_unique<Impl>()) {}
DatabaseBatch::~DatabaseBatch() = default;
DatabaseBatch::DatabaseBatch(DatabaseBatch&&) noexcept = default;
DatabaseBatch& DatabaseBatch::operator=(DatabaseBatch&&) noexcept = default;
void DatabaseBatch::put(FamilyIndex family, std::string_view key, std::string_view value) {
  impl_->changes.push_back({family, std::string(key), std::string(value), 0});
  impl_->bytes += key.size() + value.size();
}
void DatabaseBatch::erase(FamilyIndex family, std::string_view key) {
  impl_->changes.push_back({family, std::string(key), std::nullopt, 0});
  impl_->bytes += key.size();
}
void DatabaseBatch::add(FamilyIndex family, std::string_view key, std::uint64_t amount) {
  impl_->changes.push_back({family, std::string(key), std::nullopt, amount});
  impl_->bytes += key.size() + sizeof amount;
}
void DatabaseBatch::clear() { impl_->changes.clear(); }
std::size_t DatabaseBatch::bytes() const { return impl_->bytes; }
bool DatabaseBatch::empty() const { return impl_->changes.empty(); }

struct Database::Impl {
  ~Impl() { files_->open = false; }
  [[nodiscard]] SimulatedDisk::Files& files() const { return *files_; }
  [[nodiscard]] std::map<std::string, std::string>& rows(FamilyIndex family) const {
    return files().now[families.at(family)];
  }
  /// The bytes of a number and what is added to it, as RocksDB's operator has them.
  [[nodiscard]] std::string sum(FamilyIndex family, const std::string& key,
                                std::uint64_t added) const {
    std::uint64_t number = 0;
    const auto found = rows(family).find(key);
    if (found != rows(family).end()) std::memcpy(&number, found->second.data(), sizeof number);
    number += added;
    return {reinterpret_cast<const char*>(&number), sizeof number};
  }
  void write(SimulatedDisk::Write write) const {
    if (write.empty()) return;
    if (disk->on_write) disk->on_write(path, write);
    SimulatedDisk::Files& all = files();
    for (const auto& [family, key, value] : write) {
      if (value) {
        all.now[family][key] = *value;
      } else {
        all.now[family].erase(key);
      }
    }
    all.unsynced.push_back(std::move(write));
    constexpr std::size_t kMostUnsynced = 64;
    if (all.unsynced.size() < kMostUnsynced) return;
    all.synced = all.now;
    all.unsynced.clear();
  }

  SimulatedDisk* disk = nullptr;
  SimulatedDisk::Files* files_ = nullptr;  // stays where it is: files go only once nobody runs
  std::string path;
  std::vector<std::string> families;
  std::vector<bool> made;
};

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const Options& options) {
  SimulatedDisk& disk = SimulatedDisk::mounted();
  if (std::exchange(disk.files(options.path).open, true)) {
    return Error::machine("RocksDB in " + options.path + ": opening: lock: held by this process");
  }
  auto impl = std::make_unique<Impl>();
  impl->disk = &disk;
  impl->files_ = &disk.files(options.path);
  impl->path = options.path;
  impl->families.emplace_back("default");
  impl->families.insert(impl->families.end(), options.families.begin(), options.families.end());
  for (const std::string& family : impl->families) {
    impl->made.push_back(!impl->files_->now.contains(family));
    // A family is there for good once it was made, with rows or without.
    impl->files_->now.try_emplace(family);
    impl->files_->synced.try_emplace(family);
  }
  return std::unique_ptr<Database>(new Database(std::move(impl)));  // NOLINT: private constructor
}

bool Database::is_new(FamilyIndex family) const { return impl_->made.at(family); }

Result<std::optional<std::string>> Database::get(FamilyIndex family, std::string_view key) const {
  const auto& rows = impl_->rows(family);
  const auto found = rows.find(std::string(key));
  if (found == rows.end()) return std::optional<std::string>();
  return std::optional<std::string>(found->second);
}

Result<bool> Database::get_into(FamilyIndex family, std::string_view key, std::string& out) const {
  const auto& rows = impl_->rows(family);
  const auto found = rows.find(std::string(key));
  if (found == rows.end()) return false;
  out = found->second;
  return true;
}

namespace {

class Rows final : public DatabaseIterator {
 public:
  explicit Rows(std::vector<std::pair<std::string, std::string>> rows) : rows_(std::move(rows)) {}
  [[nodiscard]] bool valid() const override { return at_ < rows_.size(); }
  [[nodiscard]] std::string_view key() const override { return rows_[at_].first; }
  [[nodiscard]] std::string_view value() const override { return rows_[at_].second; }
  void next() override { ++at_; }
  [[nodiscard]] Status status() const override { return {}; }

 private:
  std::vector<std::pair<std::string, std::string>> rows_;
  std::size_t at_ = 0;
};

}  // namespace

std::unique_ptr<DatabaseIterator> Database::scan(FamilyIndex family, std::string_view from,
                                                 std::string_view to,
                                                 ScanDirection direction) const {
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& [key, value] : impl_->rows(family)) {
    if (key >= from && (to.empty() || key < to)) found.emplace_back(key, value);
  }
  if (direction == ScanDirection::kReverse) found = {found.rbegin(), found.rend()};
  return std::make_unique<Rows>(std::move(found));
}

Status Database::write(const DatabaseBatch& batch, bool sync) {
  SimulatedDisk::Write write;
  for (const auto& [family, key, value, added] : batch.impl().changes) {
    const auto sum = added > 0 ? std::optional(impl_->sum(family, key, added)) : value;
    write.push_back({impl_->families.at(family), key, sum});
  }
  impl_->write(std::move(write));
  return sync ? sync_wal() : Status();
}

Status Database::sync_wal() {
  SimulatedDisk::Files& files = impl_->files();
  files.synced = files.now;
  files.unsynced.clear();
  return {};
}

std::uint64_t Database::latest_sequence() const { return 0; }
Status Database::drop_range(FamilyIndex, std::string_view, std::string_view) { return {}; }

Status Database::clear(FamilyIndex family) {
  SimulatedDisk::Write write;
  for (const auto& [key, value] : impl_->rows(family)) {
    write.push_back({impl_->families.at(family), key, std::nullopt});
  }
  impl_->write(std::move(write));
  return {};
}

Status Database::flush() { return sync_wal(); }
std::uint64_t Database::estimated_keys(FamilyIndex family) const {
  return impl_->rows(family).size();
}
std::uint64_t Database::estimated_bytes(FamilyIndex) const { return 0; }
const std::string& Database::path() const { return impl_->path; }

DirectoryLock::DirectoryLock(std::string path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor) {}
DirectoryLock::~DirectoryLock() { static_cast<void>(descriptor_); }
Result<std::unique_ptr<DirectoryLock>> DirectoryLock::acquire(const std::string& directory) {
  return std::unique_ptr<DirectoryLock>(new DirectoryLock(directory, -1));  // NOLINT: private
}

}  // namespace millstream
