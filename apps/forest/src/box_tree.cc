#include <millstream/forest/box_tree.h>
#include <millstream/forest/isolation_forest.h>
#include <millstream/forest/random.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace millstream::forest {
namespace {

// Sort by sharing the values out to buckets of equal width first; buckets are small but in series
// whose values crowd together, where std::sort takes over.
void sort_sample(std::span<double> values, std::vector<double>& room) {
  constexpr std::size_t kBuckets = 512;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double start = *low;
  const double scale = (kBuckets - 1) / (*high - start);
  if (!(scale > 0 && std::isfinite(scale))) {
    std::sort(values.begin(), values.end());
    return;
  }
  std::array<std::uint16_t, kBuckets + 1> ends{};
  const auto bucket_of = [&](double x) { return static_cast<std::size_t>((x - start) * scale); };
  for (const double x : values) {
    ++ends[bucket_of(x) + 1];
  }
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  room.assign(values.begin(), values.end());
  for (const double x : room) {
    values[ends[bucket_of(x)]++] = x;
  }
  std::ptrdiff_t begin = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    if (ends[bucket] - begin > 1) {
      std::sort(values.begin() + begin, values.begin() + ends[bucket]);
    }
    begin = ends[bucket];
  }
}

// The first of [begin, end) above the cut; without branches that depend on the values.
const double* first_above(const double* begin, const double* end, double cut) {
  for (auto length = end - begin; length > 1;) {
    const auto half = length / 2;
    begin += begin[half - 1] <= cut ? half : 0;
    length -= half;
  }
  return begin + (*begin <= cut ? 1 : 0);
}

// c(n) of the isolation forest for all sizes of leaves.
const std::array<double, kMaxBoxSample + 1>& path_lengths() {
  static const auto lengths = [] {
    std::array<double, kMaxBoxSample + 1> all{};
    for (std::uint32_t n = 0; n < all.size(); ++n) {
      all[n] = average_path_length(n);
    }
    return all;
  }();
  return lengths;
}

constexpr BoxTree::Node kNoNode{};

}  // namespace

// The sample is sorted once; a node is then a part of it, and a cut a search.
void BoxTree::grow(std::span<double> sample, std::uint64_t seed, std::uint32_t depth_limit,
                   BoxTreeRoom& room) {
  sort_sample(sample, room.sorted);
  const double* values = sample.data();
  median_ = values[sample.size() / 2];
  low_ = sample.front();
  high_ = sample.back();
  Random random(seed);
  room.nodes.clear();
  room.parts.clear();
  const auto add = [&](std::size_t begin, std::size_t end, std::uint32_t depth) {
    if (values[begin] == values[end - 1] || depth >= depth_limit) {
      return -static_cast<std::int32_t>(end - begin);
    }
    room.parts.push_back(
        {static_cast<std::uint16_t>(begin), static_cast<std::uint16_t>(end), depth});
    room.nodes.emplace_back();
    return static_cast<std::int32_t>(room.nodes.size() - 1);
  };
  root_ = add(0, sample.size(), 0);
  for (std::size_t i = 0; i < room.nodes.size(); ++i) {
    const auto [begin, end, depth] = room.parts[i];
    const double low = values[begin];
    const double high = values[end - 1];
    const double drawn = low + random.uniform() * (high - low);
    const double cut = drawn < high ? drawn : low;
    const auto middle =
        static_cast<std::size_t>(first_above(values + begin, values + end, cut) - values);
    const std::int32_t left = add(begin, middle, depth + 1);
    const std::int32_t right = add(middle, end, depth + 1);
    room.nodes[i] = {cut, {values[middle - 1], values[middle]}, {left, right}};
  }
  nodes_ = std::vector<Node>(room.nodes.begin(), room.nodes.end());  // no larger than needed
}

// Walk several trees level by level, as long as the value is inside the boxes, which it mostly is
// until shortly before the leaf. Nothing branches on where the value lies, which would be guessed
// wrong half of the time; trees that are done wait for the others.
template <std::size_t kTrees>
double BoxTree::walk(const BoxTree* trees, double value) {
  std::array<const Node*, kTrees> nodes;
  std::array<std::int32_t, kTrees> at;
  std::array<std::int32_t, kTrees> depth{};
  std::array<std::uint32_t, kTrees> active;
  std::array<Box, kTrees> boxes;
  std::uint32_t any = 0;
  for (std::size_t k = 0; k < kTrees; ++k) {
    const BoxTree& tree = trees[k];
    nodes[k] = tree.nodes_.empty() ? &kNoNode : tree.nodes_.data();
    at[k] = tree.root_;
    boxes[k] = {tree.low_, tree.high_, 0};
    active[k] = static_cast<std::uint32_t>(tree.root_ >= 0) &
                static_cast<std::uint32_t>(tree.low_ <= value) &
                static_cast<std::uint32_t>(value <= tree.high_);
    any |= active[k];
  }
  while (any != 0) {
    any = 0;
    for (std::size_t k = 0; k < kTrees; ++k) {
      const std::uint32_t go = active[k];
      const Node& node = nodes[k][go != 0 ? at[k] : 0];
      const auto right = static_cast<std::uint32_t>(value > node.cut);
      const double edge = node.edge[right];
      const auto outside = (right & static_cast<std::uint32_t>(value < edge)) |
                           (~right & static_cast<std::uint32_t>(value > edge));
      boxes[k][go != 0 ? 1 - right : 2] = edge;
      const std::int32_t child = node.child[right];
      at[k] = go != 0 ? child : at[k];
      depth[k] += static_cast<std::int32_t>(go);
      active[k] = go & ~outside & static_cast<std::uint32_t>(child >= 0);
      any |= active[k];
    }
  }
  double sum = 0;
  for (std::size_t k = 0; k < kTrees; ++k) {
    sum += trees[k].finish(at[k], depth[k], boxes[k], value);
  }
  return sum;
}

// From where a value is outside of the boxes it stays so, on the same side, with the same distance.
double BoxTree::finish(std::int32_t at, double depth, const Box& box, double value) const {
  auto [low, high, unused] = box;
  double sum = 0;
  double weight = 1;
  if (value < low || value > high) {
    const std::size_t side = value > high ? 1 : 0;
    const double outside = side == 1 ? value - high : low - value;
    for (;;) {
      const double separated = weight * (outside / (high - low + outside));
      sum += separated * (depth + 1);
      weight -= separated;
      if (at < 0) {
        break;
      }
      const Node& node = nodes_[static_cast<std::size_t>(at)];
      (side == 1 ? low : high) = node.edge[side];
      at = node.child[side];
      depth += 1;
    }
  }
  return sum + weight * (depth + path_lengths()[static_cast<std::size_t>(-at)]);
}

double BoxTree::depth_sum(std::span<const BoxTree> trees, double value) {
  constexpr std::size_t kAtOnce = 4;
  double sum = 0;
  std::size_t i = 0;
  for (; i + kAtOnce <= trees.size(); i += kAtOnce) {
    sum += walk<kAtOnce>(&trees[i], value);
  }
  for (; i < trees.size(); ++i) {
    sum += walk<1>(&trees[i], value);
  }
  return sum;
}

}  // namespace millstream::forest
