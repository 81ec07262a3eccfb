#pragma once

#include <millstream/core/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millstream {

/// What all databases of a process share: block cache, write-buffer manager, file system.
/// **Thread**: safe. **Lifetime**: outlives its databases.
class RocksResources {
 public:
  struct Options {
    /// Block cache and memtables together. **Units**: bytes.
    std::size_t memory_budget = std::size_t{64} << 20U;
  };
  explicit RocksResources(const Options& options);
  ~RocksResources();
  RocksResources(const RocksResources&) = delete;
  RocksResources& operator=(const RocksResources&) = delete;

  /// Bytes now used by block cache and memtables.
  [[nodiscard]] std::size_t memory_used() const;

  struct Impl;
  [[nodiscard]] Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// A column family of a Database, by its position in the list it was opened with.
using FamilyIndex = std::size_t;

/// Changes that are written together or not at all.
class DatabaseBatch {
 public:
  DatabaseBatch();
  ~DatabaseBatch();
  DatabaseBatch(DatabaseBatch&&) noexcept;
  DatabaseBatch& operator=(DatabaseBatch&&) noexcept;

  void put(FamilyIndex family, std::string_view key, std::string_view value);
  void erase(FamilyIndex family, std::string_view key);
  /// Add to a number (little endian, 64 bits; 0 where there is none) without reading it.
  void add(FamilyIndex family, std::string_view key, std::uint64_t amount);
  void clear();
  [[nodiscard]] std::size_t bytes() const;
  [[nodiscard]] bool empty() const;

  struct Impl;
  [[nodiscard]] Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// A walk over a key range in one direction, over the database as it was when it began.
/// **Lifetime**: views until the next `next()`; ends before its Database does.
class DatabaseIterator {
 public:
  virtual ~DatabaseIterator() = default;
  [[nodiscard]] virtual bool valid() const = 0;
  [[nodiscard]] virtual std::string_view key() const = 0;
  [[nodiscard]] virtual std::string_view value() const = 0;
  virtual void next() = 0;
  /// What ended the walk, if it was not the range.
  [[nodiscard]] virtual Status status() const = 0;
};

enum class ScanDirection { kForward, kReverse };

/// The owner of one RocksDB: every `rocksdb::*` object lives behind it.
/// **Thread**: reads and writes from any; open and close from one.
/// **Errors**: kMachine, naming the directory and what RocksDB said. A write that fails is kFatal,
/// and so is every later one: the database must be closed and opened again.
class Database {
 public:
  struct Options {
    std::string path;
    /// Besides "default", which is always family 0. Families on disk that aren't named are kept.
    std::vector<std::string> families;
    RocksResources* resources = nullptr;
    bool create_if_missing = true;
  };
  static Result<std::unique_ptr<Database>> open(const Options& options);

  /// Whether opening has made this family, since it wasn't there.
  [[nodiscard]] bool is_new(FamilyIndex family) const;

  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] Result<std::optional<std::string>> get(FamilyIndex family,
                                                       std::string_view key) const;
  /// The same into `out`, reusing its memory; false when there is no such key.
  [[nodiscard]] Result<bool> get_into(FamilyIndex family, std::string_view key,
                                      std::string& out) const;
  /// Keys in [from, to); an empty `to` is no bound.
  [[nodiscard]] std::unique_ptr<DatabaseIterator> scan(FamilyIndex family, std::string_view from,
                                                       std::string_view to,
                                                       ScanDirection direction) const;

  /// Write a batch to the WAL and the memtables: it survives a killed process, and with `sync` a
  /// lost machine too.
  Status write(const DatabaseBatch& batch, bool sync);
  /// Make all that was written so far survive a lost machine.
  Status sync_wal();
  /// Number of the last write; grows with every change. For high-water marks.
  [[nodiscard]] std::uint64_t latest_sequence() const;

  /// Drop whole files that lie in [from, to) and forget the rest lazily; for expired segments.
  Status drop_range(FamilyIndex family, std::string_view from, std::string_view to);
  /// Empty a family.
  Status clear(FamilyIndex family);
  /// Compact and flush everything, as before handing the directory on.
  Status flush();
  /// A rough number of keys of a family.
  [[nodiscard]] std::uint64_t estimated_keys(FamilyIndex family) const;
  /// Bytes of a family's files and memtables, roughly.
  [[nodiscard]] std::uint64_t estimated_bytes(FamilyIndex family) const;
  [[nodiscard]] const std::string& path() const;

 private:
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// An exclusive lock of a directory, held by this process: a file with its pid in it.
/// **Errors**: kMachine: held by another process (names its pid), not ours, or not writable; the
/// directory is made with mode 0700 if it is missing, refused if another user owns it.
class DirectoryLock {
 public:
  static Result<std::unique_ptr<DirectoryLock>> acquire(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  DirectoryLock(std::string path, int descriptor);
  std::string path_;
  int descriptor_;
};

}  // namespace millstream
