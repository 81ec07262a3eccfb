#include <millstream/forest/isolation_forest.h>
#include <millstream/forest/random.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "parallel.h"
#include "quantile.h"

namespace millstream::forest {
namespace {

// Grows one tree on a drawn sample, level by level, so that siblings and upper levels lie together.
class TreeGrower {
 public:
  TreeGrower(std::span<const float> rows, std::size_t n_features, std::uint64_t seed)
      : rows_(rows), n_features_(n_features), random_(seed) {}

  Tree grow(const IsolationForestOptions& options) {
    draw_sample(options);
    draw_features(options);
    const double psi = std::max<double>(static_cast<double>(sample_.size()), 2);
    const auto limit = static_cast<std::uint32_t>(std::ceil(std::log2(psi)));
    std::vector<Part> parts{{0, static_cast<std::uint32_t>(sample_.size()), 0}};
    Tree tree(1);
    for (std::size_t i = 0; i < tree.size(); ++i) {
      const Part part = parts[i];
      tree[i].size = part.end - part.begin;
      if (part.depth >= limit || tree[i].size <= 1 || !choose_cut(part, tree[i])) {
        continue;
      }
      const std::uint32_t middle = divide(part, tree[i]);
      tree[i].left = static_cast<std::uint32_t>(tree.size());
      parts.push_back({part.begin, middle, part.depth + 1});
      parts.push_back({middle, part.end, part.depth + 1});
      tree.resize(tree.size() + 2);
    }
    return tree;
  }

 private:
  struct Part {
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t depth;
  };

  [[nodiscard]] float value(std::uint32_t row, std::uint32_t feature) const {
    return rows_[row * n_features_ + feature];
  }

  void draw_sample(const IsolationForestOptions& options) {
    const auto n = static_cast<std::uint32_t>(rows_.size() / n_features_);
    const std::uint32_t size = std::min(options.max_samples, n);
    if (options.bootstrap) {
      sample_.resize(size);
      std::generate(sample_.begin(), sample_.end(), [&] { return random_.below(n); });
      return;
    }
    sample_ = draw_distinct(n, size);
  }

  void draw_features(const IsolationForestOptions& options) {
    const auto n = static_cast<std::uint32_t>(n_features_);
    const auto wanted = static_cast<std::uint32_t>(options.max_features * n);
    features_ = draw_distinct(n, std::clamp<std::uint32_t>(wanted, 1, n));
  }

  // The first steps of Fisher and Yates' shuffle of 0 .. n-1.
  std::vector<std::uint32_t> draw_distinct(std::uint32_t n, std::uint32_t size) {
    std::vector<std::uint32_t> numbers(n);
    std::iota(numbers.begin(), numbers.end(), 0U);
    for (std::uint32_t i = 0; i < size; ++i) {
      std::swap(numbers[i], numbers[i + random_.below(n - i)]);
    }
    numbers.resize(size);
    return numbers;
  }

  // A random feature that is not constant in the part, and a cut uniform in its range.
  bool choose_cut(const Part& part, TreeNode& node) {
    for (auto left = static_cast<std::uint32_t>(features_.size()); left > 0; --left) {
      std::swap(features_[random_.below(left)], features_[left - 1]);
      const std::uint32_t feature = features_[left - 1];
      float low = value(sample_[part.begin], feature);
      float high = low;
      for (std::uint32_t i = part.begin + 1; i < part.end; ++i) {
        const float x = value(sample_[i], feature);
        low = std::min(low, x);
        high = std::max(high, x);
      }
      if (low < high) {
        const double width = static_cast<double>(high) - static_cast<double>(low);
        const float cut = round_down(static_cast<double>(low) + random_.uniform() * width);
        node.feature = feature;
        node.threshold = cut < high ? cut : low;
        return true;
      }
    }
    return false;
  }

  std::uint32_t divide(const Part& part, const TreeNode& node) {
    const auto begin = sample_.begin();
    const auto middle = std::partition(
        begin + part.begin, begin + part.end,
        [&](std::uint32_t row) { return value(row, node.feature) <= node.threshold; });
    return static_cast<std::uint32_t>(middle - begin);
  }

  std::span<const float> rows_;
  std::size_t n_features_;
  Random random_;
  std::vector<std::uint32_t> sample_;
  std::vector<std::uint32_t> features_;
};

Status check(const IsolationForestOptions& options) {
  if (options.trees == 0 || options.trees > 100000) {
    return Error::user("trees is " + std::to_string(options.trees) + "; choose 1 to 100000");
  }
  if (options.max_samples == 0) {
    return Error::user("max_samples is 0; choose 1 or more, usually 256");
  }
  if (!(options.max_features > 0 && options.max_features <= 1)) {
    return Error::user("max_features is " + std::to_string(options.max_features) +
                       "; choose a share above 0 and up to 1");
  }
  const double contamination = options.contamination.value_or(0.1);
  if (!(contamination > 0 && contamination <= 0.5)) {
    return Error::user("contamination is " + std::to_string(contamination) +
                       "; choose a share above 0 and up to 0.5");
  }
  return {};
}

template <class T>
Result<std::vector<float>> checked_rows(std::span<const T> rows, std::size_t n_features) {
  if (n_features == 0 || n_features > kMaxFeatures) {
    return Error::data("rows of " + std::to_string(n_features) + " features; 1 to " +
                       std::to_string(kMaxFeatures) + " are possible");
  }
  if (rows.empty() || rows.size() % n_features != 0 || rows.size() / n_features > 0x7fffffffU) {
    return Error::data(std::to_string(rows.size()) + " values are not a number of rows of " +
                       std::to_string(n_features) + " features");
  }
  std::vector<float> values(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    values[i] = static_cast<float>(rows[i]);
    if (!std::isfinite(values[i])) {
      return Error::data("row " + std::to_string(i / n_features) + ", feature " +
                         std::to_string(i % n_features) + " is not a finite float32 number");
    }
  }
  return values;
}

}  // namespace

template <class T>
Result<IsolationForest> IsolationForest::train_any(std::span<const T> rows, std::size_t n_features,
                                                   const IsolationForestOptions& options,
                                                   unsigned threads) {
  MILLSTREAM_TRY(check(options));
  const auto values = checked_rows(rows, n_features);
  if (!values) {
    return values.error();
  }
  std::vector<Tree> trees(options.trees);
  parallel_for(trees.size(), threads, [&](std::size_t i) {
    trees[i] = TreeGrower(*values, n_features, mix_seed(options.seed, i)).grow(options);
  });
  const std::size_t n = values->size() / n_features;
  const auto psi = static_cast<std::uint32_t>(std::min<std::size_t>(options.max_samples, n));
  auto forest = from_trees(trees, n_features, psi, -0.5);
  if (forest && options.contamination) {
    forest->choose_offset(*values, *options.contamination);
  }
  return forest;
}

void IsolationForest::choose_offset(std::span<const float> rows, double contamination) {
  std::vector<double> scores(rows.size() / n_features_);
  score_batch(rows, scores);
  offset_ = quantile(scores, contamination);
}

Result<IsolationForest> IsolationForest::train(std::span<const double> rows, std::size_t n_features,
                                               const IsolationForestOptions& options,
                                               unsigned threads) {
  return train_any(rows, n_features, options, threads);
}

Result<IsolationForest> IsolationForest::train(std::span<const float> rows, std::size_t n_features,
                                               const IsolationForestOptions& options,
                                               unsigned threads) {
  return train_any(rows, n_features, options, threads);
}

}  // namespace millstream::forest
