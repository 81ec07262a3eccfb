#pragma once

#include "block.h"
#include "keys.h"

#include <millstream/core/result.h>
#include <millstream/rocks/database.h>

#include <cstddef>
#include <functional>
#include <vector>

namespace millstream::embedded {

/// Blocks as they are stored. **Thread**: safe. **Errors**: kMachine: the disk, or a damaged block.
class BlockStore {
 public:
  explicit BlockStore(const Database& database) : database_(database) {}

  /// Append to `out` the blocks with records in [from, to), about `max_bytes` of them but at least
  /// one; the result is the offset up to which nothing is missing.
  Result<Offset> read(PartitionKey partition, Offset from, Offset to, std::size_t max_bytes,
                      std::vector<BlockPtr>& out) const;
  /// The last block of a partition; null when it has none.
  [[nodiscard]] Result<BlockPtr> last(PartitionKey partition) const;

  /// Whether to go on.
  using Visitor = std::function<bool(const BlockPtr& block)>;
  /// Call `visit` for the blocks with a base in [from, to), in order.
  Status visit(PartitionKey partition, Offset from, Offset to, const Visitor& visit) const;

 private:
  /// The base of the last block at or before an offset; kNone when there is none.
  [[nodiscard]] Result<Offset> base_at_or_before(PartitionKey partition, Offset offset) const;

  const Database& database_;
};

}  // namespace millstream::embedded
