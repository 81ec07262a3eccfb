#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace millstream::forest {

/// The largest sample a BoxTree is grown on.
inline constexpr std::size_t kMaxBoxSample = 4096;

struct BoxTreeRoom;

/// A random tree over one feature whose nodes know the range of their sample (their box).
/// Thread: one owner; depth() of a tree that doesn't change may be called from many.
class BoxTree {
 public:
  /// A cut, 32 bytes. What is at most `cut` goes left (0), the rest right (1). A child's box is its
  /// parent's but for the side of the cut, where it ends at `edge`. Leaves have no node.
  struct Node {
    double cut = 0;
    std::array<double, 2> edge{};  ///< The highest value on the left, the lowest on the right.
    std::array<std::int32_t, 2> child{};  ///< The child's node, or a leaf as −(values in it).
  };

  BoxTree() = default;
  /// A finished tree over [low, high]; `root` is a child's number as in Node.
  BoxTree(double low, double high, std::int32_t root, std::vector<Node> nodes)
      : low_(low), high_(high), root_(root), nodes_(std::move(nodes)) {}

  /// Draw a tree anew: cuts uniform in each node's range, until a node has one value only or the
  /// depth limit. Reorders the sample (2 to kMaxBoxSample values).
  void grow(std::span<double> sample, std::uint64_t seed, std::uint32_t depth_limit,
            BoxTreeRoom& room);

  /// The expected depth at which `value` would be isolated, had it been in the sample. At a node
  /// where it is outside the range, a uniform cut of the range extended to it separates it with the
  /// chance (distance outside) / (extended length); with the rest it goes on down.
  [[nodiscard]] double depth(double value) const { return depth_sum({this, 1}, value); }

  /// The sum of depth(value) over many trees; quicker, because several are walked at once.
  static double depth_sum(std::span<const BoxTree> trees, double value);

  /// The median of the sample.
  [[nodiscard]] double median() const { return median_; }
  /// Bytes held beside the object.
  [[nodiscard]] std::size_t memory() const { return nodes_.capacity() * sizeof(Node); }

 private:
  using Box = std::array<double, 3>;  // its ends, and a place for what a tree that is done writes
  template <std::size_t kTrees>
  static double walk(const BoxTree* trees, double value);
  [[nodiscard]] double finish(std::int32_t at, double depth, const Box& box, double value) const;

  double low_ = 0, high_ = 0;
  double median_ = 0;
  std::int32_t root_ = -1;
  std::vector<Node> nodes_;  // breadth first
};

/// Room that growing needs; kept by the caller, so that growing again and again needs no more.
struct BoxTreeRoom {
  /// What a node's sample is: a part of the sorted one.
  struct Part {
    std::uint16_t begin = 0, end = 0;
    std::uint32_t depth = 0;
  };
  std::vector<double> sorted;
  std::vector<Part> parts;
  std::vector<BoxTree::Node> nodes;

  /// Bytes held.
  [[nodiscard]] std::size_t memory() const {
    return sorted.capacity() * sizeof(double) + parts.capacity() * sizeof(Part) +
           nodes.capacity() * sizeof(BoxTree::Node);
  }
};

}  // namespace millstream::forest
