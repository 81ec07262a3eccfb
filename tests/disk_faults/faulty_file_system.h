#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>

namespace millstream::testing {

/// What a write to a file may meet.
enum class DiskFault { kNone, kNoSpace, kInputOutput, kShortWrite, kLostSync };

/// A file system for RocksDB that fails when told to, and that knows what a power cut would leave:
/// of each file what was synced, and a part of the rest. **Thread**: safe.
class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultyFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  /// Let the `after`-th write from now on, and all that follow, meet this.
  void fail(DiskFault fault, int after);
  /// Writes succeed again.
  void heal();
  /// From now on nothing reaches the disk.
  void cut_power();
  /// Make the files what a power cut leaves.
  void lose_unsynced(std::mt19937_64& random);
  /// The same, and the process is as good as gone: a thread that syncs hears no more of it. (What
  /// it would do next goes past this file system, and would be newer than the power cut.)
  void lose_power_for_good(std::mt19937_64& random);
  /// The same, and go on. Nothing may be open.
  void restore_power(std::mt19937_64& random);
  [[nodiscard]] std::uint64_t faults_met() const { return met_; }

  const char* Name() const override { return "FaultyFileSystem"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReuseWritableFile(const std::string& name, const std::string& old,
                                      const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

 private:
  class File;
  struct Sizes {
    std::uint64_t written = 0;
    std::uint64_t synced = 0;
  };
  /// What the next write meets.
  DiskFault next_write();
  [[nodiscard]] bool syncs_are_lost();

  mutable std::mutex mutex_;
  DiskFault fault_ = DiskFault::kNone;
  int writes_until_fault_ = 0;
  bool powered_ = true;
  bool gone_ = false;
  std::uint64_t met_ = 0;
  std::map<std::string, Sizes> files_;
};

}  // namespace millstream::testing
