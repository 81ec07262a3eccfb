#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace millstream::simulation {

/// The only randomness of a simulation: the same seed gives the same numbers on every machine.
/// **Source**: splitmix64.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  /// A number of [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
  }
  /// True `percent` times of a hundred.
  bool chance(int percent) { return between(1, 100) <= percent; }
  std::size_t index(std::size_t size) {
    return static_cast<std::size_t>(between(0, static_cast<std::int64_t>(size) - 1));
  }
  template <class T>
  const T& of(const std::vector<T>& all) {
    return all[index(all.size())];
  }

 private:
  std::uint64_t state_;
};

}  // namespace millstream::simulation
