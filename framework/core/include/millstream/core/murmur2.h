#pragma once

#include <millstream/core/ids.h>

#include <cstdint>
#include <string_view>

namespace millstream {

/// Kafka's 32-bit murmur2 of a serialised key. **Source**: Utils.murmur2 of the Java client.
[[nodiscard]] std::uint32_t murmur2(std::string_view bytes);

/// The partition where the Java producer's default partitioner puts a key.
[[nodiscard]] PartitionId partition_for_key(std::string_view key, PartitionId partitions);

}  // namespace millstream
