#pragma once

#include <cstdint>
#include <string_view>

namespace millstream::forest {

/// Draw random numbers by SplitMix64 (Steele, Lea and Flood, 2014): the state is one word that
/// advances by 0x9e3779b97f4a7c15, the output its finalised mix. The same seed gives the same
/// numbers on every machine and with every compiler, which std's distributions do not promise.
/// Thread: one owner.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  /// The next 64 random bits.
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

  /// A multiple of 2^-53 in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

  /// A number below `bound` (at least 1, below 2^32), by multiplication: bias under bound / 2^32.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32U) * bound) >> 32U);
  }

  /// The state, from which Random(state) goes on with the same numbers.
  [[nodiscard]] std::uint64_t state() const { return state_; }

 private:
  std::uint64_t state_;
};

/// Derive the seed of an independent stream of numbers, such as one tree's.
inline std::uint64_t mix_seed(std::uint64_t seed, std::uint64_t stream) {
  Random random(Random(seed).next() + stream * 0xd1342543de82ef95U);
  return random.next();
}

/// Hash a name (FNV-1a, 64 bits), to derive a series' seed.
inline std::uint64_t hash_name(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return hash;
}

}  // namespace millstream::forest
