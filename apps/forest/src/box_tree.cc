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

// Walk kLanes trees level by level. A leaf takes what weight is left, and is its own child, so that
// trees that are done wait for the others without any branch on where the value lies.
template <std::size_t kLanes>
double BoxTree::walk(const BoxTree* trees, double value) {
  constexpr double kLeast = std::numeric_limits<double>::min();
  std::array<const Node*, kLanes> at;
  std::array<double, kLanes> weight;
  std::array<double, kLanes> sum{};
  for (std::size_t k = 0; k < kLanes; ++k) {
    at[k] = trees[k].nodes_.data();
    weight[k] = 1;
  }
  for (bool moving = true; moving;) {
    moving = false;
    for (std::size_t k = 0; k < kLanes; ++k) {
      const Node& node = *at[k];
      const double outside = std::max(std::max(node.low - value, value - node.high), 0.0);
      const double chance = outside / std::max(node.high - node.low + outside, kLeast);
      const double separated = weight[k] * chance;
      const double rest = weight[k] - separated;
      sum[k] += separated * node.depth + rest * node.tail;
      weight[k] = node.tail == 0 ? rest : 0.0;
      const Node* next =
          trees[k].nodes_.data() + node.left + static_cast<std::size_t>(value > node.cut);
      moving |= next != at[k];
      at[k] = next;
    }
  }
  return std::accumulate(sum.begin(), sum.end(), 0.0);
}

double BoxTree::depth(double value) const { return walk<1>(this, value); }

double BoxTree::depth_sum(std::span<const BoxTree> trees, double value) {
  constexpr std::size_t kLanes = 4;
  double sum = 0;
  std::size_t i = 0;
  for (; i + kLanes <= trees.size(); i += kLanes) {
    sum += walk<kLanes>(&trees[i], value);
  }
  for (; i < trees.size(); ++i) {
    sum += trees[i].depth(value);
  }
  return sum;
}

}  // namespace millstream::forest
