#include "faulty_file_system.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <unistd.h>

namespace millstream::testing {

using rocksdb::IOStatus;

/// A file whose writes go past the faults.
class FaultyFileSystem::File final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(std::unique_ptr<rocksdb::FSWritableFile> file, std::string name, FaultyFileSystem& system)
      : FSWritableFileOwnerWrapper(std::move(file)), name_(std::move(name)), system_(&system) {}

  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                  rocksdb::IODebugContext* debug) override {
    const DiskFault fault = system_->next_write();
    if (fault == DiskFault::kNoSpace) return IOStatus::NoSpace("disk full (injected)");
    if (fault == DiskFault::kInputOutput) return IOStatus::IOError("EIO (injected)");
    if (fault == DiskFault::kShortWrite) {
      const rocksdb::Slice half(data.data(), data.size() / 2);
      static_cast<void>(write(half, options, debug).ok());
      return IOStatus::IOError("short write (injected)");
    }
    return write(data, options, debug);
  }
  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                  const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    return synced(FSWritableFileOwnerWrapper::Sync(options, debug));
  }
  IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    return synced(FSWritableFileOwnerWrapper::Fsync(options, debug));
  }
  IOStatus Truncate(std::uint64_t, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return IOStatus::OK();  // only of what was allocated ahead
  }
  IOStatus Allocate(std::uint64_t, std::uint64_t, const rocksdb::IOOptions&,
                    rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }

 private:
  IOStatus write(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                 rocksdb::IODebugContext* debug) {
    {
      const std::scoped_lock lock(system_->mutex_);
      if (!system_->powered_) return IOStatus::OK();
      system_->files_[name_].written += data.size();
    }
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }
  IOStatus synced(IOStatus status) {
    if (!status.ok() || system_->syncs_are_lost()) return status;
    std::unique_lock lock(system_->mutex_);
    if (system_->gone_) {
      lock.unlock();
      while (true) ::pause();
    }
    if (!system_->powered_) return status;
    Sizes& sizes = system_->files_[name_];
    sizes.synced = sizes.written;
    return status;
  }

  std::string name_;
  FaultyFileSystem* system_;
};

void FaultyFileSystem::fail(DiskFault fault, int after) {
  const std::scoped_lock lock(mutex_);
  fault_ = fault;
  writes_until_fault_ = after;
}

void FaultyFileSystem::heal() { fail(DiskFault::kNone, 0); }

void FaultyFileSystem::cut_power() {
  const std::scoped_lock lock(mutex_);
  powered_ = false;
}

void FaultyFileSystem::lose_unsynced(std::mt19937_64& random) {
  const std::scoped_lock lock(mutex_);
  powered_ = false;
  for (auto& [name, sizes] : files_) {
    std::error_code gone;
    if (!std::filesystem::exists(name, gone)) continue;
    const std::uint64_t lost = sizes.written - sizes.synced;
    const std::uint64_t kept = sizes.synced + (lost > 0 ? random() % (lost + 1) : 0);
    std::filesystem::resize_file(name, kept, gone);
  }
}

void FaultyFileSystem::lose_power_for_good(std::mt19937_64& random) {
  {
    const std::scoped_lock lock(mutex_);
    gone_ = true;
  }
  lose_unsynced(random);
}

void FaultyFileSystem::restore_power(std::mt19937_64& random) {
  lose_unsynced(random);
  const std::scoped_lock lock(mutex_);
  files_.clear();
  powered_ = true;
  fault_ = DiskFault::kNone;
}

DiskFault FaultyFileSystem::next_write() {
  const std::scoped_lock lock(mutex_);
  if (fault_ == DiskFault::kNone || fault_ == DiskFault::kLostSync) return DiskFault::kNone;
  if (writes_until_fault_ > 0) {
    --writes_until_fault_;
    return DiskFault::kNone;
  }
  ++met_;
  return fault_;
}

bool FaultyFileSystem::syncs_are_lost() {
  const std::scoped_lock lock(mutex_);
  if (fault_ == DiskFault::kLostSync) ++met_;
  return fault_ == DiskFault::kLostSync;
}

IOStatus FaultyFileSystem::NewWritableFile(const std::string& name,
                                           const rocksdb::FileOptions& options,
                                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                                           rocksdb::IODebugContext* debug) {
  {
    const std::scoped_lock lock(mutex_);
    if (fault_ == DiskFault::kNoSpace && writes_until_fault_ == 0) {
      ++met_;
      return IOStatus::NoSpace("disk full (injected)");
    }
    if (powered_) files_[name] = {};
  }
  IOStatus made = FileSystemWrapper::NewWritableFile(name, options, file, debug);
  if (made.ok()) *file = std::make_unique<File>(std::move(*file), name, *this);
  return made;
}

IOStatus FaultyFileSystem::ReopenWritableFile(const std::string& name,
                                              const rocksdb::FileOptions& options,
                                              std::unique_ptr<rocksdb::FSWritableFile>* file,
                                              rocksdb::IODebugContext* debug) {
  {
    const std::scoped_lock lock(mutex_);
    std::error_code gone;
    const auto size = std::filesystem::file_size(name, gone);
    if (!gone) files_.try_emplace(name, Sizes{size, size});
  }
  IOStatus made = FileSystemWrapper::ReopenWritableFile(name, options, file, debug);
  if (made.ok()) *file = std::make_unique<File>(std::move(*file), name, *this);
  return made;
}

IOStatus FaultyFileSystem::ReuseWritableFile(const std::string& name, const std::string& old,
                                             const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSWritableFile>* file,
                                             rocksdb::IODebugContext* debug) {
  {
    const std::scoped_lock lock(mutex_);
    files_.erase(old);
    files_[name] = {};
  }
  IOStatus made = FileSystemWrapper::ReuseWritableFile(name, old, options, file, debug);
  if (made.ok()) *file = std::make_unique<File>(std::move(*file), name, *this);
  return made;
}

IOStatus FaultyFileSystem::RenameFile(const std::string& from, const std::string& to,
                                      const rocksdb::IOOptions& options,
                                      rocksdb::IODebugContext* debug) {
  {
    const std::scoped_lock lock(mutex_);
    if (!powered_) return IOStatus::OK();
    const auto found = files_.find(from);
    if (found != files_.end()) {
      files_[to] = found->second;
      files_.erase(found);
    }
  }
  return FileSystemWrapper::RenameFile(from, to, options, debug);
}

IOStatus FaultyFileSystem::DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                                      rocksdb::IODebugContext* debug) {
  {
    const std::scoped_lock lock(mutex_);
    if (!powered_) return IOStatus::OK();
    files_.erase(name);
  }
  return FileSystemWrapper::DeleteFile(name, options, debug);
}

}  // namespace millstream::testing
