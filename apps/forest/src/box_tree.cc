#include <millstream/forest/box_tree.h>
#include <millstream/forest/random.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace millstream::forest {
namespace {

// Sort by sharing the values out to buckets of equal width first; buckets are small but in series
// whose values crowd together, where std::sort takes over.
void sort_sample(std::span<double> values, std::vector<double>& room) {
  constexpr std::size_t kBuckets = 1024;
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

using Two = double __attribute__((vector_size(16)));

inline Two larger(Two a, Two b) { return a > b ? a : b; }

// Go to the child on the value's side; 0 if the node is a leaf.
inline std::uint32_t advance(const BoxTree::Node& node, double value, std::uint32_t& at) {
  const std::uint32_t next = node.left + static_cast<std::uint32_t>(value > node.cut);
  const std::uint32_t moved = next ^ at;
  at = next;
  return moved;
}

}  // namespace

// The sample is sorted once; a node is then a range of it, and a cut a search.
void BoxTree::grow(std::span<double> sample, std::uint64_t seed, std::uint32_t depth_limit,
                   std::span<const double> path_lengths, BoxTreeRoom& room) {
  sort_sample(sample, room.sorted);
  const double* values = sample.data();
  median_ = values[sample.size() / 2];
  Random random(seed);
  nodes_.resize(2 * sample.size());
  room.ends.resize(2 * (2 * sample.size()));
  std::uint32_t used = 0;
  const auto add = [&](std::size_t begin, std::size_t end, std::uint32_t depth) {
    room.ends[std::size_t{2} * used] = static_cast<std::uint16_t>(begin);
    room.ends[std::size_t{2} * used + 1] = static_cast<std::uint16_t>(end);
    nodes_[used++] = {values[begin], values[end - 1], 0, 0, depth, 0};
  };
  add(0, sample.size(), 1);
  for (std::uint32_t i = 0; i < used; ++i) {
    Node& node = nodes_[i];
    const std::size_t begin = room.ends[std::size_t{2} * i];
    const std::size_t end = room.ends[std::size_t{2} * i + 1];
    if (node.low == node.high || node.depth > depth_limit) {
      node.cut = std::numeric_limits<double>::infinity();
      node.tail = node.depth - 1 + path_lengths[end - begin];
      node.left = i;
      continue;
    }
    const double drawn = node.low + random.uniform() * (node.high - node.low);
    node.cut = drawn < node.high ? drawn : node.low;
    node.left = used;
    const auto middle =
        static_cast<std::size_t>(first_above(values + begin, values + end, node.cut) - values);
    add(begin, middle, node.depth + 1);
    add(middle, end, node.depth + 1);
  }
  nodes_.resize(used);
}

// Walk 2 * kPairs trees level by level. A leaf takes what weight is left, and is its own child, so
// that trees that are done wait for the others. Two trees' numbers share a register (GCC's and
// Clang's vector types): above all, so that nothing branches on where the value lies, which would
// be guessed wrong half of the time.
template <std::size_t kPairs>
double BoxTree::walk(const std::array<const BoxTree*, 2 * kPairs>& trees, double value) {
  constexpr Two kNone{0, 0};
  constexpr double kTiny = std::numeric_limits<double>::min();
  constexpr Two kLeast{kTiny, kTiny};
  const Two x{value, value};
  std::array<const Node*, 2 * kPairs> nodes;
  std::array<std::uint32_t, 2 * kPairs> at{};
  std::array<Two, kPairs> weight;
  weight.fill(Two{1, 1});
  Two sum = kNone;
  for (std::size_t k = 0; k < nodes.size(); ++k) {
    nodes[k] = trees[k]->nodes_.data();
  }
  for (std::uint32_t moved = 1; moved != 0;) {
    moved = 0;
    for (std::size_t k = 0; k < kPairs; ++k) {
      const Node& a = nodes[2 * k][at[2 * k]];
      const Node& b = nodes[2 * k + 1][at[2 * k + 1]];
      const Two low{a.low, b.low};
      const Two high{a.high, b.high};
      const Two tail{a.tail, b.tail};
      const Two depth{static_cast<double>(a.depth), static_cast<double>(b.depth)};
      const Two beside = larger(low - x, x - high);
      const Two outside = larger(beside, kNone);
      const Two separated = weight[k] * (outside / larger(high - low + outside, kLeast));
      const Two rest = weight[k] - separated;
      sum += separated * depth + rest * tail;
      weight[k] = tail == kNone ? rest : kNone;
      moved |= advance(a, value, at[2 * k]) | advance(b, value, at[2 * k + 1]);
    }
  }
  return sum[0] + sum[1];
}

double BoxTree::depth(double value) const { return walk<1>({this, this}, value) / 2; }

double BoxTree::depth_sum(std::span<const BoxTree> trees, double value) {
  double sum = 0;
  std::size_t i = 0;
  for (; i + 4 <= trees.size(); i += 4) {
    sum += walk<2>({&trees[i], &trees[i + 1], &trees[i + 2], &trees[i + 3]}, value);
  }
  for (; i < trees.size(); ++i) {
    sum += trees[i].depth(value);
  }
  return sum;
}

}  // namespace millstream::forest
