#include "block_store.h"

namespace millstream::embedded {
namespace {

Error damaged(PartitionKey partition, Offset base) {
  return Error::machine("the log's block at topic id " + std::to_string(partition.topic) +
                        ", partition " + std::to_string(partition.partition) + ", offset " +
                        std::to_string(to_int(base)) +
                        " is damaged; restore the directory from a backup");
}

}  // namespace

Result<Offset> BlockStore::base_at_or_before(PartitionKey partition, Offset offset) const {
  const auto scan = database_.scan(kBlockFamily, block_key(partition, Offset{0}),
                                   block_key(partition, next(offset)), ScanDirection::kReverse);
  if (scan->valid()) return base_of_block_key(scan->key());
  MILLSTREAM_TRY(scan->status());
  return Offset::kNone;
}

Status BlockStore::visit(PartitionKey partition, Offset from, Offset to,
                         const Visitor& visit) const {
  const auto scan = database_.scan(kBlockFamily, block_key(partition, from),
                                   block_key(partition, to), ScanDirection::kForward);
  for (; scan->valid(); scan->next()) {
    const Offset base = base_of_block_key(scan->key());
    const BlockPtr block = Block::parse(base, std::string(scan->value()));
    if (block == nullptr) return damaged(partition, base);
    if (!visit(block)) return {};
  }
  return scan->status();
}

Result<Offset> BlockStore::read(PartitionKey partition, Offset from, Offset to,
                                std::size_t max_bytes, std::vector<BlockPtr>& out) const {
  // Compaction may merge the block that the first look found into an earlier one before the second
  // look: then look again.
  for (;;) {
    const Result<Offset> found = base_at_or_before(partition, from);
    if (!found) return found.error();
    const Offset first = *found == Offset::kNone ? from : *found;
    bool moved = false;
    bool begun = false;
    bool full = false;
    std::size_t bytes = 0;
    Offset complete_to = to;
    MILLSTREAM_TRY(visit(partition, first, to, [&](const BlockPtr& block) {
      moved = !begun && *found != Offset::kNone && block->base() != *found;
      begun = true;
      if (moved) return false;
      if (bytes >= max_bytes) {
        full = true;
        return false;
      }
      if (block->end() > from) {
        out.push_back(block);
        bytes += block->bytes().size();
        complete_to = block->end();
      }
      return true;
    }));
    if (moved || (!begun && *found != Offset::kNone)) continue;
    return full ? complete_to : to;
  }
}

Result<BlockPtr> BlockStore::last(PartitionKey partition) const {
  const auto scan = database_.scan(kBlockFamily, block_key(partition, Offset{0}),
                                   after_partition(partition), ScanDirection::kReverse);
  if (!scan->valid()) {
    MILLSTREAM_TRY(scan->status());
    return BlockPtr();
  }
  BlockPtr block = Block::parse(base_of_block_key(scan->key()), std::string(scan->value()));
  if (block == nullptr) return damaged(partition, base_of_block_key(scan->key()));
  return block;
}

}  // namespace millstream::embedded
