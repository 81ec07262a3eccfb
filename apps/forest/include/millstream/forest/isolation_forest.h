#pragma once

#include <millstream/core/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace millstream::forest {

/// The most features a forest takes.
inline constexpr std::size_t kMaxFeatures = 4096;

/// How a forest is trained; the names and defaults are scikit-learn's.
struct IsolationForestOptions {
  std::uint32_t trees = 100;        ///< Number of trees, 1 to 100,000.
  std::uint32_t max_samples = 256;  ///< Rows drawn for each tree; fewer if there are fewer.
  double max_features = 1.0;        ///< Share of the features that each tree sees, in (0, 1].
  bool bootstrap = false;           ///< Draw the rows with replacement.
  /// Share of the training rows to be called anomalies, in (0, 0.5]; without it the offset is -0.5.
  std::optional<double> contamination = std::nullopt;
  std::uint64_t seed = 0;  ///< Everything random follows from it.

  bool operator==(const IsolationForestOptions&) const = default;
};

/// One node of a tree, 16 bytes. A row goes to `left` if its float32 value is at most `threshold`,
/// else to `left` + 1. In a node of a tree as given to IsolationForest::from_trees, `left` counts
/// from the tree's root (0), and 0 means a leaf.
struct TreeNode {
  float threshold = 0;        ///< The cut, rounded down to float32: it parts float32 values alike.
  std::uint32_t feature = 0;  ///< Index of the feature that is compared.
  std::uint32_t left = 0;     ///< Index of the left child; the right one is next to it.
  std::uint32_t size = 0;     ///< Training rows that came here.

  bool operator==(const TreeNode&) const = default;
};

/// A tree: its nodes, the root first, every child after its parent.
using Tree = std::vector<TreeNode>;

/// The mean path length of an unsuccessful search among `n` values: c(n) of the paper, with
/// scikit-learn's constants.
double average_path_length(std::uint32_t n);

/// The largest float32 that is at most `threshold`: comparing a float32 with either is the same.
float round_down(double threshold);

/// Score rows by how few random cuts isolate them (Liu, Ting and Zhou, 2008).
/// Values are cast to float32, as in scikit-learn; results equal scikit-learn's to 1e-12. An
/// infinite value counts as an extreme one; a NaN takes the left branch everywhere.
/// Thread: immutable, shared freely. Scoring neither allocates nor calls anything virtual.
/// Source: sklearn.ensemble.IsolationForest. Unlike there, a feature is constant only if all its
/// values are equal, without the slack of 1e-7.
class IsolationForest {
 public:
  /// A forest without trees, which gives every row the score -0.5.
  IsolationForest() = default;

  /// Train on `rows`, row-major, `n_features` values each.
  /// The result depends on rows, options and seed, not on `threads`.
  /// **Errors:** user: an option out of range; data: no rows, a ragged matrix, a value not finite.
  static Result<IsolationForest> train(std::span<const double> rows, std::size_t n_features,
                                       const IsolationForestOptions& options, unsigned threads = 1);
  /// The same for float32 values.
  static Result<IsolationForest> train(std::span<const float> rows, std::size_t n_features,
                                       const IsolationForestOptions& options, unsigned threads = 1);

  /// Build a forest from finished trees, as read from a file.
  /// **Errors:** data: a child index out of range or met twice, an unknown feature, a NaN, a tree
  /// deeper than 64, no trees.
  static Result<IsolationForest> from_trees(std::span<const Tree> trees, std::size_t n_features,
                                            std::uint32_t max_samples, double offset);

  /// The score of one row: near -1 for anomalies, about -0.5 and above for the rest.
  /// **Cost:** about half a microsecond for 100 trees of 256 samples.
  [[nodiscard]] double score_samples(std::span<const float> row) const;
  /// The same for float64 values, which are cast.
  [[nodiscard]] double score_samples(std::span<const double> row) const;

  /// The scores of many rows, row-major, one per element of `scores`.
  void score_batch(std::span<const float> rows, std::span<double> scores) const;

  /// score_samples less the offset: negative for anomalies.
  [[nodiscard]] double decision_function(std::span<const float> row) const {
    return score_samples(row) - offset_;
  }
  /// The same for float64 values.
  [[nodiscard]] double decision_function(std::span<const double> row) const {
    return score_samples(row) - offset_;
  }

  /// Whether the row's decision function is negative.
  [[nodiscard]] bool is_anomaly(std::span<const float> row) const {
    return decision_function(row) < 0;
  }
  /// The same for float64 values.
  [[nodiscard]] bool is_anomaly(std::span<const double> row) const {
    return decision_function(row) < 0;
  }

  /// Values a row has.
  [[nodiscard]] std::size_t n_features() const { return n_features_; }
  /// Number of trees.
  [[nodiscard]] std::size_t n_trees() const { return roots_.empty() ? 0 : roots_.size() - 1; }
  /// Rows drawn for each tree.
  [[nodiscard]] std::uint32_t max_samples() const { return max_samples_; }
  /// The score below which a row is an anomaly.
  [[nodiscard]] double offset() const { return offset_; }
  /// A copy of a tree, with indices from its root, as from_trees takes it.
  [[nodiscard]] Tree tree(std::size_t index) const;

 private:
  template <class T>
  static Result<IsolationForest> train_any(std::span<const T> rows, std::size_t n_features,
                                           const IsolationForestOptions& options, unsigned threads);
  Status append(const Tree& tree);
  void choose_offset(std::span<const float> rows, double contamination);
  [[nodiscard]] double path_sum(const float* row) const;
  [[nodiscard]] double score_of_sum(double sum) const;

  std::vector<TreeNode> nodes_;       // of all trees; `left` counts from the first; leaves loop
  std::vector<double> leaf_depths_;   // by node: depth + c(size), for leaves
  std::vector<std::uint32_t> roots_;  // and at the end the number of nodes
  std::vector<std::uint32_t> steps_;  // depth of each tree
  std::size_t n_features_ = 0;
  std::uint32_t max_samples_ = 1;
  double denominator_ = 0;  // trees x c(max_samples)
  double offset_ = -0.5;
};

}  // namespace millstream::forest
