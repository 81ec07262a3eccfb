#pragma once

#include "block.h"
#include "block_store.h"
#include "keys.h"
#include "signal.h"

#include <millstream/core/ids.h>
#include <millstream/core/result.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace millstream::embedded {

/// Offsets that a writer has been given, [base, end), and the bytes that came before them.
struct Reservation {
  Offset base{0};
  Offset end{0};
  std::uint64_t cumulative = 0;
};

/// What compaction has done to a partition.
struct CleanState {
  /// Below it no key stands twice.
  Offset end{0};
  /// Bytes ever reserved below it, and bytes now stored there.
  std::uint64_t cumulative = 0;
  std::uint64_t bytes = 0;
};

/// One partition: who writes where, how far readers may go, and the newest blocks in memory.
///
/// A writer reserves offsets, stores its blocks, and then shows them; readers never pass the lowest
/// reservation that is still open, so that what comes late is not missed. An abandoned reservation
/// leaves a gap, unless it was the last one. No offset that a reader may have seen as the end is
/// ever given out again, not even after a crash.
/// **Thread**: safe. **Lifetime**: ends before its database does.
class PartitionLog {
 public:
  /// Read what the database knows of the partition.
  static Result<std::shared_ptr<PartitionLog>> recover(TopicPartition name, PartitionKey key,
                                                       Database& database);

  PartitionLog(TopicPartition name, PartitionKey key, Database& database)
      : name_(std::move(name)), key_(key), database_(database), store_(database) {}

  [[nodiscard]] const TopicPartition& name() const { return name_; }
  [[nodiscard]] PartitionKey key() const { return key_; }
  [[nodiscard]] const BlockStore& store() const { return store_; }

  Reservation reserve(std::int64_t offsets, std::uint64_t bytes);
  /// The reservation's blocks are stored: let readers see them.
  Status show(const Reservation& reservation, std::span<const BlockPtr> blocks);
  Status abandon(const Reservation& reservation);

  [[nodiscard]] Offset start() const { return start_.load(std::memory_order_acquire); }
  /// How far readers may go.
  [[nodiscard]] Offset readable_end() const {
    return readable_end_.load(std::memory_order_acquire);
  }
  /// Bytes that were ever reserved.
  [[nodiscard]] std::uint64_t cumulative() const;

  /// Append to `out` the blocks that hold records from `from` on, from memory if they are there;
  /// the result is the offset up to which nothing is missing. Holes are passed.
  Result<Offset> read(Offset from, std::size_t max_bytes, std::vector<BlockPtr>& out) const;
  /// Drop the oldest block from memory.
  void forget_oldest();

  /// Raise a signal whenever readers may go further.
  void attach(std::shared_ptr<Signal> signal);
  void detach(const Signal& signal);

  /// Write down the end, so that the last blocks may be dropped without giving offsets out again.
  Status persist_end();
  /// The base of the first block that is left, or less. **Thread**: maintenance only.
  [[nodiscard]] Offset first_block() const { return first_block_; }
  /// Add a new start to a batch; `set_start` when it has been written. Maintenance only.
  void put_start(DatabaseBatch& batch, Offset start, Offset first_block) const;
  void set_start(Offset start, Offset first_block) {
    first_block_ = first_block;
    start_.store(start, std::memory_order_release);
  }
  /// **Thread**: maintenance only.
  [[nodiscard]] CleanState clean() const;
  void set_clean(const CleanState& clean);

 private:
  Status publish();
  Status write_end(Offset end);
  [[nodiscard]] bool read_recent(Offset from, std::size_t max_bytes, std::vector<BlockPtr>& out,
                                 Offset& complete_to) const;

  const TopicPartition name_;
  const PartitionKey key_;
  Database& database_;
  const BlockStore store_;
  std::atomic<Offset> start_{Offset{0}};
  Offset first_block_{0};
  std::atomic<Offset> readable_end_{Offset{0}};

  mutable std::mutex mutex_;
  Offset end_{0};
  /// A crash now would give out no offset below this one.
  Offset durable_end_{0};
  std::uint64_t cumulative_ = 0;
  std::vector<Reservation> open_;
  std::deque<BlockPtr> recent_;
  /// `recent_` holds every shown block from here on.
  Offset recent_from_{0};
  CleanState clean_;
  std::vector<std::shared_ptr<Signal>> readers_;
};

}  // namespace millstream::embedded
