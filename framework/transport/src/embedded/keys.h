#pragma once

#include <millstream/core/ids.h>
#include <millstream/rocks/database.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace millstream::embedded {

/// The log's column families.
inline constexpr FamilyIndex kMetaFamily = 0;
inline constexpr FamilyIndex kBlockFamily = 1;
inline constexpr FamilyIndex kOffsetFamily = 2;

/// A partition as the database's keys name it. Topic ids are never used again.
struct PartitionKey {
  std::uint32_t topic = 0;
  PartitionId partition = 0;
};

/// What the meta family keeps of a partition, each under its own key because each has its own
/// writer.
enum class PartitionMeta : char {
  kStart = 's',  ///< The log's start; written by maintenance.
  kEnd = 'e',    ///< An end below which no offset is given out again, and the bytes before it.
  kClean = 'c',  ///< How far it has been compacted; written by maintenance.
};

/// Big-endian topic, partition and base offset: a partition's blocks lie in order.
[[nodiscard]] std::string block_key(PartitionKey partition, Offset base);
[[nodiscard]] Offset base_of_block_key(std::string_view key);
/// The key after every key of a partition, or of a topic.
[[nodiscard]] std::string after_partition(PartitionKey partition);
[[nodiscard]] std::string after_topic(std::uint32_t topic);

[[nodiscard]] std::string partition_meta_key(PartitionMeta kind, PartitionKey partition);
inline constexpr std::string_view kFormatKey = "format";
inline constexpr std::string_view kOpensKey = "opens";
inline constexpr std::string_view kNextTopicKey = "next-topic";
inline constexpr std::string_view kTopicPrefix = "topic/";
inline constexpr std::string_view kProducerPrefix = "producer/";

/// The key of a group's committed offset.
[[nodiscard]] std::string offset_key(std::string_view group, PartitionKey partition);
/// The topic in such a key.
[[nodiscard]] std::uint32_t topic_of_offset_key(std::string_view key);

}  // namespace millstream::embedded
