#pragma once

#include <millstream/core/result.h>

#include <cstdint>
#include <string>

namespace millstream::embedded {

/// A small file beside the database that says how far it once was durable, so that a damaged or
/// deleted write-ahead log is noticed: RocksDB reopens without a word, with less in it.
/// **Errors**: kMachine, naming the file; kFatal when the disk is full.
class HighWaterMark {
 public:
  explicit HighWaterMark(std::string path) : path_(std::move(path)) {}

  /// The number of the last write that was durable; 0 when there is no mark.
  [[nodiscard]] Result<std::uint64_t> read() const;
  /// Replace the mark, and wait until the disk has it.
  Status write(std::uint64_t sequence) const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

}  // namespace millstream::embedded
