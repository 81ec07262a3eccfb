#include "partition_list.h"

#include <algorithm>
#include <cstring>

namespace millstream::kafka {

PartitionListPtr make_list(std::size_t size) {
  return PartitionListPtr(rd_kafka_topic_partition_list_new(static_cast<int>(size)));
}

rd_kafka_topic_partition_t& add(rd_kafka_topic_partition_list_t& list,
                                const TopicPartition& partition, std::int64_t offset) {
  auto* element =
      rd_kafka_topic_partition_list_add(&list, partition.topic.c_str(), partition.partition);
  element->offset = offset;
  return *element;
}

PartitionListPtr list_of(std::span<const TopicPartition> partitions, std::int64_t offset) {
  PartitionListPtr list = make_list(partitions.size());
  for (const TopicPartition& partition : partitions) add(*list, partition, offset);
  return list;
}

PartitionListPtr list_of(std::span<const PartitionPosition> positions) {
  PartitionListPtr list = make_list(positions.size());
  for (const auto& [partition, offset] : positions) add(*list, partition, to_int(offset));
  return list;
}

PartitionListPtr list_of(const OffsetsByPartition& offsets) {
  PartitionListPtr list = make_list(offsets.size());
  for (const auto& [partition, committed] : offsets) {
    auto& element = add(*list, partition, to_int(committed.offset));
    if (committed.metadata.empty()) continue;
    // The list frees it by rd_kafka_mem_free.
    element.metadata = rd_kafka_mem_malloc(nullptr, committed.metadata.size());
    std::memcpy(element.metadata, committed.metadata.data(), committed.metadata.size());
    element.metadata_size = committed.metadata.size();
  }
  return list;
}

const rd_kafka_topic_partition_t* first_error(const rd_kafka_topic_partition_list_t& list) {
  const auto all = elements(list);
  const auto it = std::find_if(all.begin(), all.end(), [](const auto& e) { return e.err != 0; });
  return it == all.end() ? nullptr : &*it;
}

}  // namespace millstream::kafka
