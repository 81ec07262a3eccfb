#include <millstream/forest/isolation_forest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

namespace millstream::forest {
namespace {

constexpr std::uint32_t kMaxDepth = 64;
constexpr std::size_t kMaxNodes = std::size_t{1} << 28U;
constexpr std::size_t kLanes = 8;  // walks in flight at once, to hide the latency of loads
constexpr std::size_t kBlock = 64;

// Walk kLanes trees `steps` levels down, branch-free; a leaf is its own left child.
inline void descend(const TreeNode* nodes, const float* row, std::array<std::uint32_t, kLanes>& at,
                    std::uint32_t steps) {
  for (std::uint32_t step = 0; step < steps; ++step) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const TreeNode& node = nodes[at[lane]];
      at[lane] = node.left + static_cast<std::uint32_t>(row[node.feature] > node.threshold);
    }
  }
}

// Walk one tree with kLanes rows, which are interleaved: feature f of row k is at f * kLanes + k.
inline void descend_rows(const TreeNode* nodes, const float* rows,
                         std::array<std::uint32_t, kLanes>& at, std::uint32_t steps) {
  for (std::uint32_t step = 0; step < steps; ++step) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const TreeNode& node = nodes[at[lane]];
      const float value = rows[std::size_t{node.feature} * kLanes + lane];
      at[lane] = node.left + static_cast<std::uint32_t>(value > node.threshold);
    }
  }
}

// Interleave kBlock rows in groups of kLanes.
void interleave(const float* rows, std::size_t n_features, std::vector<float>& out) {
  for (std::size_t row = 0; row < kBlock; ++row) {
    float* group = &out[row / kLanes * kLanes * n_features];
    for (std::size_t f = 0; f < n_features; ++f) {
      group[f * kLanes + row % kLanes] = rows[row * n_features + f];
    }
  }
}

inline std::uint32_t descend_one(const TreeNode* nodes, const float* row, std::uint32_t at) {
  while (nodes[at].left != at) {
    at = nodes[at].left + static_cast<std::uint32_t>(row[nodes[at].feature] > nodes[at].threshold);
  }
  return at;
}

Status check_node(const Tree& tree, std::size_t index, std::size_t n_features,
                  std::vector<std::uint32_t>& depths) {
  const TreeNode& node = tree[index];
  const std::string place = "node " + std::to_string(index);
  if (index != 0 && depths[index] == 0) {
    return Error::data(place + " has no parent before it");
  }
  if (node.left == 0) {
    return {};
  }
  if (node.left <= index || node.left + std::size_t{1} >= tree.size()) {
    return Error::data(place + " has a child index out of range");
  }
  if (depths[node.left] != 0 || depths[node.left + 1] != 0) {
    return Error::data(place + " has a child that belongs to another node");
  }
  if (node.feature >= n_features) {
    return Error::data(place + " asks for feature " + std::to_string(node.feature) + " of " +
                       std::to_string(n_features));
  }
  if (!std::isfinite(node.threshold)) {
    return Error::data(place + " has a threshold that is not a finite number");
  }
  depths[node.left] = depths[node.left + 1] = depths[index] + 1;
  if (depths[index] + 1 > kMaxDepth) {
    return Error::data("the tree is deeper than " + std::to_string(kMaxDepth));
  }
  return {};
}

}  // namespace

double average_path_length(std::uint32_t n) {
  if (n <= 1) {
    return 0;
  }
  if (n == 2) {
    return 1;
  }
  constexpr double kEulerGamma = 0.5772156649015329;
  const double m = n;
  return 2 * (std::log(m - 1) + kEulerGamma) - 2 * (m - 1) / m;
}

float round_down(double threshold) {
  const auto rounded = static_cast<float>(threshold);
  if (static_cast<double>(rounded) <= threshold) {
    return rounded;
  }
  return std::nextafterf(rounded, -std::numeric_limits<float>::infinity());
}

Result<IsolationForest> IsolationForest::from_trees(std::span<const Tree> trees,
                                                    std::size_t n_features,
                                                    std::uint32_t max_samples, double offset) {
  if (trees.empty()) {
    return Error::data("the forest has no trees");
  }
  if (n_features == 0 || n_features > kMaxFeatures) {
    return Error::data("the forest has " + std::to_string(n_features) + " features; 1 to " +
                       std::to_string(kMaxFeatures) + " are possible");
  }
  if (max_samples == 0 || !std::isfinite(offset)) {
    return Error::data("the forest's sample size or offset is not a valid number");
  }
  IsolationForest forest;
  forest.n_features_ = n_features;
  forest.max_samples_ = max_samples;
  forest.offset_ = offset;
  forest.roots_.push_back(0);
  for (std::size_t i = 0; i < trees.size(); ++i) {
    if (auto status = forest.append(trees[i]); !status) {
      return status.error().within("tree " + std::to_string(i));
    }
  }
  forest.denominator_ = static_cast<double>(trees.size()) * average_path_length(max_samples);
  return forest;
}

Status IsolationForest::append(const Tree& tree) {
  if (tree.empty()) {
    return Error::data("it has no nodes");
  }
  if (nodes_.size() + tree.size() > kMaxNodes) {
    return Error::data("the forest has more than " + std::to_string(kMaxNodes) + " nodes");
  }
  std::vector<std::uint32_t> depths(tree.size());
  const auto base = static_cast<std::uint32_t>(nodes_.size());
  for (std::size_t i = 0; i < tree.size(); ++i) {
    MILLSTREAM_TRY(check_node(tree, i, n_features_, depths));
    TreeNode node = tree[i];
    const bool leaf = node.left == 0;
    if (leaf) {
      node = {std::numeric_limits<float>::infinity(), 0, static_cast<std::uint32_t>(i), node.size};
    }
    node.left += base;
    nodes_.push_back(node);
    leaf_depths_.push_back(leaf ? depths[i] + average_path_length(node.size) : 0.0);
  }
  roots_.push_back(static_cast<std::uint32_t>(nodes_.size()));
  steps_.push_back(*std::max_element(depths.begin(), depths.end()));
  return {};
}

Tree IsolationForest::tree(std::size_t index) const {
  const std::uint32_t begin = roots_[index];
  Tree tree(nodes_.begin() + begin, nodes_.begin() + roots_[index + 1]);
  for (std::uint32_t i = 0; i < tree.size(); ++i) {
    TreeNode& node = tree[i];
    node.left -= begin;
    if (node.left == i) {
      node = {0, 0, 0, node.size};
    }
  }
  return tree;
}

double IsolationForest::score_of_sum(double sum) const {
  return -std::exp2(denominator_ == 0 ? -1.0 : -sum / denominator_);
}

double IsolationForest::path_sum(const float* row) const {
  const TreeNode* nodes = nodes_.data();
  const std::size_t n = n_trees();
  double sum = 0;
  std::size_t tree = 0;
  for (; tree + kLanes <= n; tree += kLanes) {
    std::array<std::uint32_t, kLanes> at;
    std::copy_n(&roots_[tree], kLanes, at.begin());
    descend(nodes, row, at, *std::max_element(&steps_[tree], &steps_[tree] + kLanes));
    for (const std::uint32_t leaf : at) {
      sum += leaf_depths_[leaf];
    }
  }
  for (; tree < n; ++tree) {
    sum += leaf_depths_[descend_one(nodes, row, roots_[tree])];
  }
  return sum;
}

double IsolationForest::score_samples(std::span<const float> row) const {
  return score_of_sum(path_sum(row.data()));
}

double IsolationForest::score_samples(std::span<const double> row) const {
  std::array<float, kMaxFeatures> buffer;
  std::transform(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(n_features_),
                 buffer.begin(), [](double value) { return static_cast<float>(value); });
  return score_of_sum(path_sum(buffer.data()));
}

void IsolationForest::score_batch(std::span<const float> rows, std::span<double> scores) const {
  std::vector<float> block(scores.size() < kBlock ? 0 : kBlock * n_features_);
  std::size_t done = 0;
  for (; done + kBlock <= scores.size(); done += kBlock) {
    interleave(rows.data() + done * n_features_, n_features_, block);
    std::array<double, kBlock> sums{};
    for (std::size_t tree = 0; tree < n_trees(); ++tree) {
      for (std::size_t first = 0; first < kBlock; first += kLanes) {
        std::array<std::uint32_t, kLanes> at;
        at.fill(roots_[tree]);
        descend_rows(nodes_.data(), &block[first * n_features_], at, steps_[tree]);
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
          sums[first + lane] += leaf_depths_[at[lane]];
        }
      }
    }
    std::transform(sums.begin(), sums.end(), scores.begin() + static_cast<std::ptrdiff_t>(done),
                   [this](double sum) { return score_of_sum(sum); });
  }
  for (; done < scores.size(); ++done) {
    scores[done] = score_of_sum(path_sum(rows.data() + done * n_features_));
  }
}

}  // namespace millstream::forest
