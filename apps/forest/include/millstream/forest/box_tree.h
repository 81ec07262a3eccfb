#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace millstream::forest {

/// The largest sample a BoxTree is grown on.
inline constexpr std::size_t kMaxBoxSample = 4096;

/// Room that growing needs; kept by the caller, so that growing again and again allocates nothing.
struct BoxTreeRoom {
  std::vector<double> sorted;
  std::vector<std::uint16_t> ends;  // of each node's part of the sorted sample
};

/// A random tree over one feature whose nodes know the range of their sample (their box).
/// Thread: one owner; depth() of a tree that doesn't change may be called from many.
class BoxTree {
 public:
  /// One node: what falls in [low, high] and is at most `cut` goes to `left`, else to `left` + 1.
  struct Node {
    double low = 0, high = 0;  ///< The range of its sample.
    double cut = 0;            ///< +infinity in a leaf.
    double tail = 0;           ///< 0; in a leaf its depth + c(size).
    std::uint32_t depth = 0;   ///< Edges from the root, and one.
    std::uint32_t left = 0;    ///< A leaf's own index.
  };

  BoxTree() = default;
  /// A finished tree, the root first.
  explicit BoxTree(std::vector<Node> nodes) : nodes_(std::move(nodes)) {}

  /// Draw a tree anew: cuts uniform in each node's range, until a node has one value only or the
  /// depth limit. Reorders the sample (2 to kMaxBoxSample values); `path_lengths` is c(0) to
  /// c(sample.size()).
  void grow(std::span<double> sample, std::uint64_t seed, std::uint32_t depth_limit,
            std::span<const double> path_lengths, BoxTreeRoom& room);

  /// The expected depth at which `value` would be isolated, had it been in the sample. At a node
  /// where it is outside the range, a uniform cut of the range extended to it separates it with the
  /// chance (distance outside) / (extended length); with the rest it goes on down.
  [[nodiscard]] double depth(double value) const;

  /// The sum of depth(value) over many trees; quicker, because several are walked at once.
  static double depth_sum(std::span<const BoxTree> trees, double value);

  /// The median of the sample.
  [[nodiscard]] double median() const { return median_; }
  /// Bytes held beside the object.
  [[nodiscard]] std::size_t memory() const { return nodes_.capacity() * sizeof(Node); }

 private:
  template <std::size_t kPairs>
  static double walk(const std::array<const BoxTree*, 2 * kPairs>& trees, double value);

  std::vector<Node> nodes_;
  double median_ = 0;
};

}  // namespace millstream::forest
