#include "java_order.h"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace millstream {

namespace {

/// String.hashCode, for names of ASCII characters.
std::uint32_t java_hash(const std::string& text) {
  std::uint32_t hash = 0;
  for (const char c : text) hash = 31 * hash + static_cast<unsigned char>(c);
  return hash ^ (hash >> 16U);
}

std::uint32_t capacity_for(std::size_t count, JavaSetOrigin origin) {
  std::uint32_t capacity = 16;
  if (origin == JavaSetOrigin::kCopied) {
    const auto wanted = static_cast<std::uint32_t>(static_cast<float>(count) / 0.75F) + 1;
    return std::max(capacity, std::bit_ceil(wanted));
  }
  while (count > capacity / 4 * 3) capacity *= 2;
  return capacity;
}

}  // namespace

std::vector<std::string> java_order(std::vector<std::string> names, JavaSetOrigin origin) {
  const std::uint32_t mask = capacity_for(names.size(), origin) - 1;
  std::stable_sort(names.begin(), names.end(), [&](const auto& a, const auto& b) {
    return (java_hash(a) & mask) < (java_hash(b) & mask);
  });
  return names;
}

}  // namespace millstream
