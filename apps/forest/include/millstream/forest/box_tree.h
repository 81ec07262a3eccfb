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
///
/// It is kept as its leaves in order, with the cuts between them, and an index over the range: a
/// value's leaf is found in about one step instead of ten, and the nodes that the value lies
/// outside of are met on the way up from there.
/// Thread: one owner; depth() of a tree that doesn't change may be called from many.
class BoxTree {
 public:
  /// A cut. What is at most `cut` goes left (0), the rest right (1). A child's box is its parent's
  /// but for the side of the cut, where it ends at `edge`. Leaves have no node.
  struct Node {
    double cut = 0;
    std::array<double, 2> edge{};  ///< The highest value on the left, the lowest on the right.
    std::array<std::int32_t, 2> child{};  ///< The child's node, or a leaf as −(values in it).
  };

  BoxTree() = default;
  /// A finished tree over [low, high]; `root` is a child's number as in Node.
  BoxTree(double low, double high, std::int32_t root, std::span<const Node> nodes);

  /// Draw a tree anew: cuts uniform in each node's range, until a node has one value only or the
  /// depth limit. Reorders the sample (2 to kMaxBoxSample values).
  void grow(std::span<double> sample, std::uint64_t seed, std::uint32_t depth_limit,
            BoxTreeRoom& room);

  /// The expected depth at which `value` would be isolated, had it been in the sample. At a node
  /// where it is outside the range, a uniform cut of the range extended to it separates it with the
  /// chance (distance outside) / (extended length); with the rest it goes on down.
  [[nodiscard]] double depth(double value) const { return depth_sum({this, 1}, value); }

  /// The sum of depth(value) over many trees; quicker, because memory is fetched for several at
  /// once.
  static double depth_sum(std::span<const BoxTree> trees, double value);

  /// The median of the sample.
  [[nodiscard]] double median() const { return median_; }
  /// Bytes held beside the object.
  [[nodiscard]] std::size_t memory() const {
    return leaves_.capacity() * sizeof(Leaf) + index_.capacity() * sizeof(std::uint16_t);
  }

 private:
  // A leaf, and the inner node whose cut lies between it and the next one.
  struct Leaf {
    double low, high;     // the leaf's box
    double cut;           // the node's; infinity after the last leaf
    std::uint16_t size;   // values in the leaf
    std::int16_t depth;   // the node's; -1 after the last leaf
    std::uint16_t begin;  // the node's first leaf
    std::uint16_t end;    // and its last one
  };
  static_assert(sizeof(Leaf) == 32);

  void add_leaves(const Node* nodes, std::int32_t child, double low, double high, int depth);
  void collect(std::span<const double> sample, std::size_t count, BoxTreeRoom& room);
  void make_index();
  [[nodiscard]] std::size_t bucket_of(double value) const;
  [[nodiscard]] std::size_t leaf_from(std::size_t bucket, double value) const;
  [[nodiscard]] double depth_at(std::size_t at, double value) const;

  double low_ = 0;
  double scale_ = 0;  // buckets a unit
  double median_ = 0;
  std::vector<Leaf> leaves_;
  std::vector<std::uint16_t> index_;  // a bucket's first leaf, as far as cuts tell
};

/// Room that growing needs; kept by the caller, so that growing again and again needs no more.
struct BoxTreeRoom {
  /// What a node's sample is: a part of the sorted one.
  struct Part {
    std::uint16_t begin = 0, end = 0;
    std::uint32_t depth = 0;
  };
  /// A node, at the place of the first value right of its cut.
  struct Gap {
    double cut = 0;
    Part part;
  };
  std::vector<double> sorted;
  std::vector<Part> parts;
  std::vector<Gap> gaps;
  std::vector<std::uint64_t> cuts;     ///< A bit for each place with a cut.
  std::vector<std::uint16_t> leaf_at;  ///< By the place of its first value.

  /// Bytes held.
  [[nodiscard]] std::size_t memory() const {
    return sorted.capacity() * sizeof(double) + parts.capacity() * sizeof(Part) +
           gaps.capacity() * sizeof(Gap) + cuts.capacity() * sizeof(std::uint64_t) +
           leaf_at.capacity() * sizeof(std::uint16_t);
  }
};

}  // namespace millstream::forest
