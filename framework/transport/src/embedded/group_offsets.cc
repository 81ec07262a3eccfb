#include "group.h"

#include "keys.h"

#include <millstream/core/big_endian.h>

namespace millstream::embedded {

Status Group::put_offsets(const OffsetsByPartition& offsets, DatabaseBatch& batch) const {
  for (const auto& [partition, committed] : offsets) {
    const auto log = topics_.find(partition);
    if (!log) return log.error().within("committing offsets of group " + name_);
    std::string value;
    append_big_endian(value, to_int(committed.offset));
    value.append(committed.metadata);
    batch.put(kOffsetFamily, offset_key(name_, (*log)->key()), value);
  }
  return {};
}

ProducerStatus Group::commit(const OffsetsByPartition& offsets, const Lease& lease,
                             DatabaseBatch& batch, const Store& store) {
  const Lock lock(mutex_);
  if (!is_current(lease)) {
    return {ProducerFault::kFenced,
            Error::machine("group " + name_ + " is at generation " + std::to_string(generation_) +
                           ", so member \"" + lease.member_id + "\" of generation " +
                           std::to_string(lease.generation) + " may not commit offsets")};
  }
  if (const Status put = put_offsets(offsets, batch); !put) {
    return {ProducerFault::kAbort, put.error()};
  }
  if (const Status stored = store(batch); !stored) return {ProducerFault::kFatal, stored.error()};
  return {};
}

Status Group::reset(const OffsetsByPartition& offsets) {
  const Lock lock(mutex_);
  if (!members_.empty()) {
    return Error::user("group " + name_ + " has " + std::to_string(members_.size()) +
                       " members; stop them before its offsets are reset");
  }
  DatabaseBatch batch;
  MILLSTREAM_TRY(put_offsets(offsets, batch));
  return database_.write(batch, false);
}

Result<OffsetsByPartition> Group::committed(std::span<const TopicPartition> partitions) const {
  OffsetsByPartition out;
  for (const TopicPartition& partition : partitions) {
    const auto log = topics_.find(partition);
    if (!log) continue;
    const auto bytes = database_.get(kOffsetFamily, offset_key(name_, (*log)->key()));
    if (!bytes) return bytes.error();
    if (!bytes->has_value()) continue;
    if ((*bytes)->size() < 8) {
      return Error::machine("the offset of group " + name_ + " at " + partition.to_string() +
                            " is damaged; restore the directory from a backup");
    }
    out[partition] = {Offset{read_big_endian<std::int64_t>(**bytes)}, (*bytes)->substr(8)};
  }
  return out;
}

Group& GroupRegistry::get(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  auto& group = groups_[name];
  if (!group) group = std::make_unique<Group>(name, database_, topics_, clock_, opens_);
  return *group;
}

}  // namespace millstream::embedded
