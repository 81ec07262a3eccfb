#pragma once

#include "block.h"
#include "partition_log.h"
#include "topic.h"

#include <millstream/core/result.h>
#include <millstream/rocks/database.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace millstream::embedded {

class Log;

/// Blocks on their way into the log: reserved, then stored with one atomic batch, then shown; or
/// abandoned, which destruction does too. **Thread**: one at a time.
class Write {
 public:
  explicit Write(Log& log) : log_(log) {}
  ~Write() { abandon(); }
  Write(const Write&) = delete;
  Write& operator=(const Write&) = delete;

  /// Give the blocks their places, one after the other; returns the end.
  Offset reserve(const std::shared_ptr<const Topic>& topic, PartitionId partition,
                 std::vector<std::shared_ptr<Block>> blocks);
  /// Write all blocks together with what `batch` holds already. **Errors**: nothing was written.
  Status store(DatabaseBatch& batch);
  /// After `store`: let readers see them. The write is empty afterwards.
  void show();
  void abandon();

  [[nodiscard]] bool empty() const { return parts_.empty(); }

  struct Part {
    std::shared_ptr<const Topic> topic;
    std::shared_ptr<PartitionLog> partition;
    Reservation reservation;
    std::vector<BlockPtr> blocks;
  };

 private:
  Log& log_;
  std::vector<Part> parts_;
};

}  // namespace millstream::embedded
