#include "write.h"

#include "log.h"

#include <utility>

namespace millstream::embedded {

Offset Write::reserve(const std::shared_ptr<const Topic>& topic, PartitionId partition,
                      std::vector<std::shared_ptr<Block>> blocks) {
  const auto& log = topic->partitions[static_cast<std::size_t>(partition)];
  std::int64_t offsets = 0;
  std::uint64_t bytes = 0;
  for (const auto& block : blocks) {
    offsets += block->header().span;
    bytes += block->bytes().size();
  }
  Part part{topic, log, log->reserve(offsets, bytes), {}};
  Offset base = part.reservation.base;
  std::uint64_t cumulative = part.reservation.cumulative;
  for (auto& block : blocks) {
    block->place(base, cumulative);
    base = block->end();
    cumulative += block->bytes().size();
    part.blocks.push_back(std::move(block));
  }
  parts_.push_back(std::move(part));
  return base;
}

Status Write::store(DatabaseBatch& batch) {
  for (const Part& part : parts_) {
    if (part.topic->deleted) return Error::user("topic \"" + part.topic->name + "\" was deleted");
    for (const BlockPtr& block : part.blocks) {
      batch.put(kBlockFamily, block_key(part.partition->key(), block->base()), block->bytes());
    }
  }
  if (batch.empty()) return {};
  return log_.database().write(batch, false);
}

void Write::show() {
  const std::vector<Part> parts = std::exchange(parts_, {});
  for (const Part& part : parts) {
    if (const Status shown = part.partition->show(part.reservation, part.blocks); !shown) {
      log_.logger().error("the end of a partition could not be stored",
                          {{"partition", part.partition->name().to_string()},
                           {"error", std::string(shown.error().message())}});
    }
    for (const BlockPtr& block : part.blocks) {
      log_.cache().added(part.partition, block->bytes().size());
    }
  }
  log_.maintenance().after_write(parts);
}

void Write::abandon() {
  for (const Part& part : std::exchange(parts_, {})) {
    if (const Status abandoned = part.partition->abandon(part.reservation); !abandoned) {
      log_.logger().error("the end of a partition could not be stored",
                          {{"partition", part.partition->name().to_string()},
                           {"error", std::string(abandoned.error().message())}});
    }
  }
}

}  // namespace millstream::embedded
