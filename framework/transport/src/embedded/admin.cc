#include "admin.h"

namespace millstream::embedded {
namespace {

using Offsets = std::map<TopicPartition, Offset>;

/// `look` at each partition.
template <class Look>
Result<Offsets> each(Log& log, std::span<const TopicPartition> partitions, const Look& look) {
  Offsets out;
  for (const TopicPartition& partition : partitions) {
    const auto found = log.topics().find(partition);
    if (!found) return found.error();
    const Result<Offset> offset = look(**found);
    if (!offset) return offset.error();
    out[partition] = *offset;
  }
  return out;
}

/// The first record of a block that is at or after a time, from `start` on; kNone: there is none.
Offset first_at(const Block& block, Offset start, Timestamp time) {
  BlockCursor cursor(block);
  FetchedRecord record;
  std::string_view headers;
  while (cursor.next(record, headers) == BlockCursor::Step::kRecord) {
    if (record.offset >= start && record.timestamp >= time) return record.offset;
  }
  return Offset::kNone;
}

}  // namespace

Status EmbeddedAdmin::create_topics(std::span<const NewTopic> topics) {
  for (const NewTopic& topic : topics) MILLSTREAM_TRY(log_.topics().create(topic));
  return {};
}

Status EmbeddedAdmin::delete_topics(std::span<const std::string> topics) {
  for (const std::string& topic : topics) MILLSTREAM_TRY(log_.topics().remove(topic));
  return {};
}

Result<std::map<std::string, PartitionId>> EmbeddedAdmin::partition_counts(
    std::span<const std::string> topics) {
  std::map<std::string, PartitionId> out;
  for (const std::string& name : topics) {
    const auto topic = log_.topics().find(name);
    if (topic) out[name] = static_cast<PartitionId>((*topic)->partitions.size());
  }
  return out;
}

Result<std::vector<std::string>> EmbeddedAdmin::list_topics() {
  std::vector<std::string> names;
  for (const auto& topic : log_.topics().all()) names.push_back(topic->name);
  return names;
}

Result<std::map<std::string, std::string>> EmbeddedAdmin::topic_config(const std::string& topic) {
  const auto found = log_.topics().find(topic);
  if (!found) return found.error();
  std::map<std::string, std::string> config = (*found)->settings.show();
  for (const auto& [name, value] : (*found)->config) config[name] = value;
  return config;
}

Result<Offsets> EmbeddedAdmin::beginning_offsets(std::span<const TopicPartition> partitions) {
  return each(log_, partitions,
              [](const PartitionLog& log) -> Result<Offset> { return log.start(); });
}

// An open reservation hides what lies behind it from either kind of reader.
Result<Offsets> EmbeddedAdmin::end_offsets(std::span<const TopicPartition> partitions, Isolation) {
  return each(log_, partitions,
              [](const PartitionLog& log) -> Result<Offset> { return log.readable_end(); });
}

Result<Offsets> EmbeddedAdmin::offsets_for_time(std::span<const TopicPartition> partitions,
                                                Timestamp time) {
  return each(log_, partitions, [time](const PartitionLog& log) -> Result<Offset> {
    const Offset end = log.readable_end();
    Offset found = Offset::kNone;
    MILLSTREAM_TRY(log.store().visit(log.key(), Offset{0}, end, [&](const BlockPtr& block) {
      if (block->header().max_timestamp < time) return true;
      found = first_at(*block, log.start(), time);
      return found == Offset::kNone;
    }));
    return found == Offset::kNone ? end : found;
  });
}

Result<OffsetsByPartition> EmbeddedAdmin::committed_offsets(
    const std::string& group, std::span<const TopicPartition> partitions) {
  return log_.groups().get(group).committed(partitions);
}

Status EmbeddedAdmin::reset_offsets(const std::string& group, const OffsetsByPartition& offsets) {
  return log_.groups().get(group).reset(offsets);
}

Status EmbeddedAdmin::delete_records(std::span<const PartitionPosition> before) {
  for (const PartitionPosition& position : before) {
    const auto log = log_.topics().find(position.partition);
    if (!log) return log.error();
    MILLSTREAM_TRY(log_.maintenance().delete_records(**log, position.offset));
  }
  return {};
}

}  // namespace millstream::embedded
