#pragma once

#include <cstdint>
#include <string_view>

namespace millstream::detail {

/// The Castagnoli checksum that Kafka and RocksDB use.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes);

}  // namespace millstream::detail
