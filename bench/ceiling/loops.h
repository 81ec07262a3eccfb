#pragma once

#include <memory>
#include <string>
#include <vector>

#include "clients.h"

namespace rocksdb {
class DB;
class WriteBatch;
}  // namespace rocksdb

namespace ceiling {

/// One partition's RocksDB, written in batches.
class Database {
 public:
  explicit Database(const std::string& folder);
  ~Database();
  void put(std::string_view key, std::string_view value);
  void remove(std::string_view key);
  void write();

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::unique_ptr<rocksdb::WriteBatch> batch_;
};

/// A workload: what it does with a record and at a commit.
class Loop {
 public:
  virtual ~Loop() = default;
  virtual void process(const Input& record) = 0;
  /// Tells changelog and output what changed; writes it to RocksDB too if `spill`.
  virtual void flush(bool spill) = 0;
};

/// Where a loop writes to.
struct Places {
  Output& output;
  std::string topic;
  std::vector<std::string> changelogs;
  std::vector<std::unique_ptr<Database>> databases;  // one a partition
  std::size_t cache_bytes = 0;                       // of updates that wait for the commit
};

std::unique_ptr<Loop> windows_loop(Places places);                       // w4
std::unique_ptr<Loop> sessions_loop(Places places);                      // w5
std::unique_ptr<Loop> join_loop(Places places, std::string left_topic);  // w7

/// Compares the committed output with what follows from the input; returns how many keys differ.
std::int64_t verify(const Options& options);

}  // namespace ceiling
