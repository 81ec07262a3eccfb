#include <millstream/core/big_endian.h>
#include <millstream/operators/detail/subscription.h>

#include <bit>
#include <cstring>

namespace millstream::detail {

namespace {

constexpr std::uint8_t kHashIsNull = 0x80;
constexpr std::uint8_t kVersion = 1;
constexpr std::uint64_t kC1 = 0x87c37b91114253d5ULL;
constexpr std::uint64_t kC2 = 0x4cf5ad432745937fULL;
constexpr std::uint64_t kSeed = 104729;  // as Kafka Streams'

std::uint64_t finish(std::uint64_t k) {
  k ^= k >> 33U;
  k *= 0xff51afd7ed558ccdULL;
  k ^= k >> 33U;
  k *= 0xc4ceb9fe1a85ec53ULL;
  return k ^ (k >> 33U);
}

std::uint64_t mix_first(std::uint64_t k) { return std::rotl(k * kC1, 31) * kC2; }
std::uint64_t mix_second(std::uint64_t k) { return std::rotl(k * kC2, 33) * kC1; }

/// Up to 8 bytes, little endian.
std::uint64_t read_little(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    number = (number << 8U) | static_cast<std::uint8_t>(bytes[i - 1]);
  }
  return number;
}

}  // namespace

RowHash hash_row(std::string_view bytes) {
  constexpr std::size_t kHalf = 8;
  std::uint64_t h1 = kSeed;
  std::uint64_t h2 = kSeed;
  const std::uint64_t size = bytes.size();
  for (; bytes.size() >= 2 * kHalf; bytes.remove_prefix(2 * kHalf)) {
    h1 ^= mix_first(read_little(bytes.substr(0, kHalf)));
    h1 = (std::rotl(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= mix_second(read_little(bytes.substr(kHalf, kHalf)));
    h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495ab5;
  }
  if (bytes.size() > kHalf) h2 ^= mix_second(read_little(bytes.substr(kHalf)));
  if (!bytes.empty()) h1 ^= mix_first(read_little(bytes.substr(0, kHalf)));
  h1 ^= size;
  h2 ^= size;
  h1 += h2;
  h2 += h1;
  h1 = finish(h1);
  h2 = finish(h2);
  h1 += h2;
  h2 += h1;
  return {h1, h2};
}

void append_head(std::string& out, const SubscriptionHead& head) {
  out.push_back(static_cast<char>(head.hash ? kVersion : kVersion | kHashIsNull));
  out.push_back(static_cast<char>(head.number));
  append_big_endian(out, static_cast<std::int32_t>(head.partition));
  if (!head.hash) return;
  append_big_endian(out, (*head.hash)[0]);
  append_big_endian(out, (*head.hash)[1]);
}

Result<SubscriptionHead> take_head(std::string_view& bytes) {
  constexpr std::size_t kFixed = 6;
  constexpr std::size_t kHash = 16;
  if (bytes.size() < kFixed) return Error::data("a foreign-key join's message is cut off");
  const auto flags = static_cast<std::uint8_t>(bytes[0]);
  if ((flags & ~kHashIsNull) != kVersion) {
    return Error::data("a foreign-key join's message has the unknown version " +
                       std::to_string(flags & ~kHashIsNull));
  }
  SubscriptionHead head;
  head.number = static_cast<std::uint8_t>(bytes[1]);
  head.partition = static_cast<PartitionId>(read_big_endian<std::int32_t>(bytes, 2));
  bytes.remove_prefix(kFixed);
  if ((flags & kHashIsNull) != 0) return head;
  if (bytes.size() < kHash) return Error::data("a foreign-key join's message is cut off");
  head.hash =
      RowHash{read_big_endian<std::uint64_t>(bytes), read_big_endian<std::uint64_t>(bytes, 8)};
  bytes.remove_prefix(kHash);
  return head;
}

}  // namespace millstream::detail
