#include <millstream/forest/box_tree.h>
#include <millstream/forest/isolation_forest.h>
#include <millstream/forest/random.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

namespace millstream::forest {
namespace {

// Few values out of order by little: as they are after having been shared out to buckets.
void insertion_sort(std::span<double> values) {
  for (std::size_t i = 1; i < values.size(); ++i) {
    const double x = values[i];
    std::size_t j = i;
    for (; j > 0 && values[j - 1] > x; --j) {
      values[j] = values[j - 1];
    }
    values[j] = x;
  }
}

// Sort by sharing the values out to buckets of equal width first; buckets are small but in series
// whose values crowd together, where std::sort takes over.
void sort_sample(std::span<double> values, std::vector<double>& room) {
  constexpr std::size_t kBuckets = 512;
  constexpr std::ptrdiff_t kCrowded = 12;
  double low = values[0];
  double high = values[0];
  for (const double x : values) {
    low = x < low ? x : low;
    high = x > high ? x : high;
  }
  const double scale = (kBuckets - 1) / (high - low);
  if (!(scale > 0 && std::isfinite(scale))) {
    std::sort(values.begin(), values.end());
    return;
  }
  std::array<std::uint16_t, kBuckets + 1> ends{};
  const auto bucket_of = [&](double x) { return static_cast<std::int32_t>((x - low) * scale); };
  for (const double x : values) {
    ++ends[static_cast<std::size_t>(bucket_of(x) + 1)];
  }
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  room.assign(values.begin(), values.end());
  for (const double x : room) {
    values[ends[static_cast<std::size_t>(bucket_of(x))]++] = x;
  }
  std::ptrdiff_t begin = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    if (ends[bucket] - begin > kCrowded) {
      std::sort(values.begin() + begin, values.begin() + ends[bucket]);
    }
    begin = ends[bucket];
  }
  insertion_sort(values);
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

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

BoxTree::BoxTree(double low, double high, std::int32_t root, std::span<const Node> nodes) {
  add_leaves(nodes.data(), root, low, high, 0);
  make_index();
}

void BoxTree::add_leaves(const Node* nodes, std::int32_t child, double low, double high,
                         int depth) {
  if (child < 0) {
    leaves_.push_back({low, high, kInfinity, static_cast<std::uint16_t>(-child), -1, 0, 0});
    return;
  }
  const Node& node = nodes[child];
  const auto begin = static_cast<std::uint16_t>(leaves_.size());
  add_leaves(nodes, node.child[0], low, node.edge[0], depth + 1);
  const std::size_t at = leaves_.size() - 1;
  add_leaves(nodes, node.child[1], node.edge[1], high, depth + 1);
  leaves_[at].cut = node.cut;
  leaves_[at].depth = static_cast<std::int16_t>(depth);
  leaves_[at].begin = begin;
  leaves_[at].end = static_cast<std::uint16_t>(leaves_.size() - 1);
}

// The sample is sorted once; a node is then a part of it, and a cut a search.
void BoxTree::grow(std::span<double> sample, std::uint64_t seed, std::uint32_t depth_limit,
                   BoxTreeRoom& room) {
  sort_sample(sample, room.sorted);
  const std::size_t n = sample.size();
  const double* values = sample.data();
  median_ = values[n / 2];
  Random random(seed);
  room.parts.resize(n);
  room.gaps.resize(n);
  room.leaf_at.resize(n + 1);
  room.cuts.assign(n / 64 + 1, 0);
  BoxTreeRoom::Part* parts = room.parts.data();
  // No branch on whether it is a leaf, which would be guessed wrong half of the time.
  std::size_t count = 0;
  const auto add = [&](std::size_t begin, std::size_t end, std::uint32_t depth) {
    parts[count] = {static_cast<std::uint16_t>(begin), static_cast<std::uint16_t>(end), depth};
    count += static_cast<std::size_t>(static_cast<unsigned>(values[begin] != values[end - 1]) &
                                      static_cast<unsigned>(depth < depth_limit));
  };
  add(0, n, 0);
  for (std::size_t i = 0; i < count; ++i) {
    const BoxTreeRoom::Part part = parts[i];
    const double low = values[part.begin];
    const double high = values[part.end - 1];
    const double drawn = low + random.uniform() * (high - low);
    const double cut = drawn < high ? drawn : low;
    const auto middle =
        static_cast<std::size_t>(first_above(values + part.begin, values + part.end, cut) - values);
    room.gaps[middle] = {cut, part};
    room.cuts[middle / 64] |= std::uint64_t{1} << (middle % 64);
    add(part.begin, middle, part.depth + 1);
    add(middle, part.end, part.depth + 1);
  }
  collect(sample, count + 1, room);
  make_index();
}

// The leaves in order: they begin where the cuts are.
void BoxTree::collect(std::span<const double> sample, std::size_t count, BoxTreeRoom& room) {
  if (leaves_.capacity() < count || leaves_.capacity() > count + count / 8) {
    leaves_ = {};
    leaves_.reserve(count);  // no larger than needed
  }
  leaves_.resize(count);
  std::size_t at = 0;
  std::size_t begin = 0;
  const auto close = [&](std::size_t end) {
    Leaf& leaf = leaves_[at];
    leaf.low = sample[begin];
    leaf.high = sample[end - 1];
    leaf.size = static_cast<std::uint16_t>(end - begin);
    room.leaf_at[begin] = static_cast<std::uint16_t>(at++);
    begin = end;
    return &leaf;
  };
  for (std::size_t word = 0; word < room.cuts.size(); ++word) {
    for (std::uint64_t bits = room.cuts[word]; bits != 0; bits &= bits - 1) {
      const std::size_t place = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      const BoxTreeRoom::Gap& gap = room.gaps[place];
      Leaf& leaf = *close(place);
      leaf.cut = gap.cut;
      leaf.depth = static_cast<std::int16_t>(gap.part.depth);
      leaf.begin = gap.part.begin;  // places as yet
      leaf.end = gap.part.end;
    }
  }
  Leaf& last = *close(sample.size());
  last.cut = kInfinity;
  last.depth = -1;
  room.leaf_at[sample.size()] = static_cast<std::uint16_t>(count);
  for (Leaf& leaf : std::span(leaves_).first(count - 1)) {
    leaf.begin = room.leaf_at[leaf.begin];
    leaf.end = static_cast<std::uint16_t>(room.leaf_at[leaf.end] - 1);
  }
}

std::size_t BoxTree::bucket_of(double value) const {
  const double place = (value - low_) * scale_;
  const auto most = static_cast<double>(index_.size() - 2);
  return static_cast<std::size_t>(static_cast<std::int32_t>(std::clamp(place, 0.0, most)));
}

// As many buckets as leaves, about; index_[b] counts the cuts in the buckets before.
void BoxTree::make_index() {
  const std::size_t buckets = std::bit_ceil(leaves_.size());
  low_ = leaves_.front().low;
  const double scale = static_cast<double>(buckets) / (leaves_.back().high - low_);
  scale_ = std::isfinite(scale) ? scale : 0.0;  // of one value, or of no range: one bucket
  if (index_.size() != buckets + 1) {
    index_ = std::vector<std::uint16_t>(buckets + 1);
  }
  std::size_t filled = 0;
  for (std::size_t at = 0; at + 1 < leaves_.size(); ++at) {
    for (const std::size_t bucket = bucket_of(leaves_[at].cut); filled <= bucket; ++filled) {
      index_[filled] = static_cast<std::uint16_t>(at);
    }
  }
  std::fill(index_.begin() + static_cast<std::ptrdiff_t>(filled), index_.end(),
            static_cast<std::uint16_t>(leaves_.size() - 1));
}

// The first leaf whose cut is not below the value; its bucket's cuts are the only ones to look at.
std::size_t BoxTree::leaf_from(std::size_t bucket, double value) const {
  std::size_t at = index_[bucket];
  for (std::size_t length = index_[bucket + 1] - at; length > 4;) {
    const std::size_t half = length / 2;
    at += leaves_[at + half - 1].cut < value ? half : 0;
    length -= half;
  }
  while (leaves_[at].cut < value) {
    ++at;
  }
  return at;
}

// What happens below a node is worked out first: from the leaf up, as long as the value is outside
// of the box. On the way the boxes grow on the far side only.
double BoxTree::depth_at(std::size_t at, double value) const {
  const Leaf* leaves = leaves_.data();
  const Leaf& leaf = leaves[at];
  const int before = at > 0 ? leaves[at - 1].depth : -1;
  double depth = 1 + std::max<int>(before, leaf.depth);
  double expected = depth + path_lengths()[leaf.size];
  const auto meet = [&](double outside, double length) {
    const double separated = outside / (length + outside);
    expected = separated * (depth + 1) + (1 - separated) * expected;
  };
  if (value > leaf.high) {
    const double outside = value - leaf.high;
    meet(outside, leaf.high - leaf.low);
    while (at > 0 && leaves[at - 1].depth > leaf.depth) {
      depth = leaves[at - 1].depth;
      at = leaves[at - 1].begin;
      meet(outside, leaf.high - leaves[at].low);
    }
  } else if (value < leaf.low) {
    const double outside = leaf.low - value;
    meet(outside, leaf.high - leaf.low);
    while (leaves[at].depth > before) {
      depth = leaves[at].depth;
      at = leaves[at].end;
      meet(outside, leaves[at].high - leaf.low);
    }
  }
  return expected;
}

double BoxTree::depth_sum(std::span<const BoxTree> trees, double value) {
  constexpr std::size_t kAtOnce = 20;
  std::array<std::uint32_t, kAtOnce> buckets;
  double sum = 0;
  for (; !trees.empty(); trees = trees.subspan(std::min(kAtOnce, trees.size()))) {
    const auto now = trees.first(std::min(kAtOnce, trees.size()));
    for (std::size_t k = 0; k < now.size(); ++k) {
      buckets[k] = static_cast<std::uint32_t>(now[k].bucket_of(value));
      __builtin_prefetch(&now[k].index_[buckets[k]]);
    }
    for (std::size_t k = 0; k < now.size(); ++k) {
      __builtin_prefetch(&now[k].leaves_[now[k].index_[buckets[k]]]);
    }
    for (std::size_t k = 0; k < now.size(); ++k) {
      sum += now[k].depth_at(now[k].leaf_from(buckets[k], value), value);
    }
  }
  return sum;
}

}  // namespace millstream::forest
