#pragma once

#include <millstream/transport/broker.h>

#include <span>

#include "handles.h"

namespace millstream::kafka {

/// An empty list with room for `size` partitions.
PartitionListPtr make_list(std::size_t size);
/// Add a partition; its offset is a log offset or one of librdkafka's logical ones.
rd_kafka_topic_partition_t& add(rd_kafka_topic_partition_list_t& list,
                                const TopicPartition& partition, std::int64_t offset);

PartitionListPtr list_of(std::span<const TopicPartition> partitions,
                         std::int64_t offset = RD_KAFKA_OFFSET_INVALID);
PartitionListPtr list_of(std::span<const PartitionPosition> positions);
PartitionListPtr list_of(const OffsetsByPartition& offsets);

/// The list's elements, for range-for.
inline std::span<rd_kafka_topic_partition_t> elements(const rd_kafka_topic_partition_list_t& list) {
  return {list.elems, static_cast<std::size_t>(list.cnt)};
}
inline TopicPartition partition_of(const rd_kafka_topic_partition_t& element) {
  return {element.topic, element.partition};
}
/// The text committed beside an offset; librdkafka does not end it with a null.
inline std::string metadata_of(const rd_kafka_topic_partition_t& element) {
  return element.metadata == nullptr
             ? std::string()
             : std::string(static_cast<const char*>(element.metadata), element.metadata_size);
}
/// The first element that carries an error, or null.
const rd_kafka_topic_partition_t* first_error(const rd_kafka_topic_partition_list_t& list);

}  // namespace millstream::kafka
