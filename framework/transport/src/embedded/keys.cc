#include "keys.h"

#include <millstream/core/big_endian.h>

namespace millstream::embedded {

std::string block_key(PartitionKey partition, Offset base) {
  std::string key;
  append_big_endian(key, partition.topic);
  append_big_endian(key, partition.partition);
  append_big_endian(key, to_int(base));
  return key;
}

Offset base_of_block_key(std::string_view key) {
  return key.size() == 16 ? Offset{read_big_endian<std::int64_t>(key, 8)} : Offset::kNone;
}

std::string after_partition(PartitionKey partition) {
  return block_key({partition.topic, partition.partition + 1}, Offset{0});
}

std::string after_topic(std::uint32_t topic) { return block_key({topic + 1, 0}, Offset{0}); }

std::string partition_meta_key(PartitionMeta kind, PartitionKey partition) {
  std::string key(1, static_cast<char>(kind));
  append_big_endian(key, partition.topic);
  append_big_endian(key, partition.partition);
  return key;
}

std::string offset_key(std::string_view group, PartitionKey partition) {
  std::string key;
  append_big_endian(key, static_cast<std::uint32_t>(group.size()));
  key.append(group);
  append_big_endian(key, partition.topic);
  append_big_endian(key, partition.partition);
  return key;
}

std::uint32_t topic_of_offset_key(std::string_view key) {
  return key.size() < 8 ? 0 : read_big_endian<std::uint32_t>(key, key.size() - 8);
}

}  // namespace millstream::embedded
