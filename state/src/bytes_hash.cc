#include <millstream/state/detail/bytes_hash.h>

#include <cstddef>
#include <cstring>

namespace millstream::detail {
namespace {

constexpr std::uint64_t kMultiplier1 = 0xa0761d6478bd642fU;
constexpr std::uint64_t kMultiplier2 = 0xe7037ed1a0b428dbU;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

template <class Word>
std::uint64_t read(const char* at) {
  Word word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

}  // namespace

std::uint32_t hash_bytes(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t state = seed ^ kMultiplier1;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  while (left > 16) {
    state = mix(read<std::uint64_t>(at) ^ kMultiplier1, read<std::uint64_t>(at + 8) ^ state);
    at += 16;
    left -= 16;
  }
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  if (left >= 8) {
    low = read<std::uint64_t>(at);
    high = read<std::uint64_t>(at + left - 8);
  } else if (left >= 4) {
    low = read<std::uint32_t>(at);
    high = read<std::uint32_t>(at + left - 4);
  } else if (left > 0) {
    low = static_cast<unsigned char>(at[0]) |
          static_cast<std::uint64_t>(static_cast<unsigned char>(at[left / 2])) << 8U |
          static_cast<std::uint64_t>(static_cast<unsigned char>(at[left - 1])) << 16U;
  }
  const std::uint64_t mixed = mix(low ^ kMultiplier2, high ^ state);
  return static_cast<std::uint32_t>(mix(mixed ^ bytes.size(), kMultiplier2));
}

}  // namespace millstream::detail
