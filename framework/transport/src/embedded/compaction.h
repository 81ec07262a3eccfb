#pragma once

#include "block.h"
#include "topic.h"

#include <millstream/core/result.h>
#include <millstream/core/time.h>
#include <millstream/rocks/database.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace millstream::embedded {

/// One pass over a compacted partition, in steps: index the last offset of every key in the part
/// that was written since the last pass, then rewrite all blocks without what that supersedes.
/// Every step is one atomic batch and leaves a correct log, so a pass may be given up at any time.
/// **Thread**: maintenance only. **Source**: Kafka's LogCleaner.
class Compaction {
 public:
  Compaction(std::shared_ptr<const Topic> topic, std::shared_ptr<PartitionLog> partition,
             Database& database, const Clock& clock);

  /// Work through about `budget` bytes; true when the pass is over.
  Result<bool> step(std::size_t budget);

  [[nodiscard]] const PartitionLog& partition() const { return *partition_; }
  [[nodiscard]] const Topic& topic() const { return *topic_; }

 private:
  class Rewriter;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  Result<bool> index(std::size_t budget);
  Status index_block(const Block& block);
  Result<bool> rewrite(std::size_t budget);
  Status finish();
  [[nodiscard]] bool keeps(const FetchedRecord& record, const Block& block) const;

  const std::shared_ptr<const Topic> topic_;
  const std::shared_ptr<PartitionLog> partition_;
  Database& database_;
  const Clock& clock_;
  bool indexed_ = false;
  /// The next block of the current phase.
  Offset cursor_;
  Offset dirty_end_;
  CleanState clean_;
  std::size_t indexed_bytes_ = 0;
  std::unordered_map<std::string, Offset, Hash, std::equal_to<>> last_;
};

}  // namespace millstream::embedded
