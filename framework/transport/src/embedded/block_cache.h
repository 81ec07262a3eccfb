#pragma once

#include "partition_log.h"

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

namespace millstream::embedded {

/// Bounds what the partitions keep in memory: the oldest blocks of all go first. **Thread**: safe.
class BlockCache {
 public:
  explicit BlockCache(std::size_t capacity) : capacity_(capacity) {}

  /// A block was shown in a partition.
  void added(const std::shared_ptr<PartitionLog>& partition, std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    blocks_.push_back({partition, bytes});
    bytes_ += bytes;
    while (bytes_ > capacity_ && !blocks_.empty()) {
      if (const auto owner = blocks_.front().partition.lock()) owner->forget_oldest();
      bytes_ -= blocks_.front().bytes;
      blocks_.pop_front();
    }
  }

 private:
  struct Entry {
    std::weak_ptr<PartitionLog> partition;
    std::size_t bytes = 0;
  };
  const std::size_t capacity_;
  std::mutex mutex_;
  std::deque<Entry> blocks_;
  std::size_t bytes_ = 0;
};

}  // namespace millstream::embedded
