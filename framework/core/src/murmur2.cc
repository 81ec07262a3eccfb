#include <millstream/core/murmur2.h>

#include <cstddef>

namespace millstream {

namespace {

std::uint32_t byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

}  // namespace

std::uint32_t murmur2(std::string_view bytes) {
  constexpr std::uint32_t kSeed = 0x9747b28cU;
  constexpr std::uint32_t kM = 0x5bd1e995U;
  constexpr int kR = 24;
  const std::size_t length = bytes.size();
  std::uint32_t h = kSeed ^ static_cast<std::uint32_t>(length);
  std::size_t i = 0;
  for (; i + 4 <= length; i += 4) {
    std::uint32_t k = byte_at(bytes, i) | byte_at(bytes, i + 1) << 8U |
                      byte_at(bytes, i + 2) << 16U | byte_at(bytes, i + 3) << 24U;
    k *= kM;
    k ^= k >> kR;
    k *= kM;
    h *= kM;
    h ^= k;
  }
  const std::size_t rest = length - i;
  if (rest == 3) h ^= byte_at(bytes, i + 2) << 16U;
  if (rest >= 2) h ^= byte_at(bytes, i + 1) << 8U;
  if (rest >= 1) {
    h ^= byte_at(bytes, i);
    h *= kM;
  }
  h ^= h >> 13U;
  h *= kM;
  h ^= h >> 15U;
  return h;
}

PartitionId partition_for_key(std::string_view key, PartitionId partitions) {
  return static_cast<PartitionId>((murmur2(key) & 0x7fffffffU) %
                                  static_cast<std::uint32_t>(partitions));
}

}  // namespace millstream
