#pragma once

#include <millstream/core/result.h>
#include <millstream/forest/feature_extractor.h>
#include <millstream/forest/isolation_forest.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::forest {

/// Where a model comes from.
struct TrainingInfo {
  std::string data;          ///< What it was trained on, for people.
  std::uint64_t series = 0;  ///< Number of series.
  std::uint64_t rows = 0;    ///< Number of rows.
  std::uint64_t seed = 0;    ///< The seed everything random came from.
  std::string tuning;        ///< How the parameters were found, for people; empty without tuning.

  bool operator==(const TrainingInfo&) const = default;
};

/// What a model is made of.
struct ModelParts {
  std::vector<std::string> features;  ///< Names, in order.
  std::vector<double> mean;           ///< The scaler: a feature f becomes (f − mean) / scale.
  std::vector<double> scale;          ///< Positive; 1 for a constant feature.
  std::vector<double> median;         ///< The typical value of each feature, unscaled.
  IsolationForest forest;             ///< Trained on scaled features.
  double threshold = 0.5;             ///< A score above it is an anomaly.
  FeatureOptions extraction;          ///< How FeatureExtractor must make the features.
  TrainingInfo training;              ///< Where the model comes from.
};

/// What one feature did to a score.
struct Contribution {
  std::string_view feature;  ///< Its name; lives as long as the model.
  double value = 0;          ///< What it was.
  double expected = 0;       ///< What is typical: the median of the training data.
  double amount = 0;         ///< By how much the score falls if the value were typical.
};

/// A trained detector: scaler, forest and threshold, and a version made from its content.
/// Thread: immutable, shared freely.
class Model {
 public:
  /// **Errors:** data: parts that do not fit each other, a number that is not finite.
  static Result<Model> create(ModelParts parts);

  /// The anomaly score of a row of unscaled features, in (0, 1): the higher, the stranger. A
  /// feature that is not finite counts as typical.
  /// **Cost:** as IsolationForest::score_samples; no allocation.
  [[nodiscard]] double score(std::span<const double> features) const;
  /// The scores of many rows, row-major.
  void score_batch(std::span<const double> rows, std::span<double> scores) const;
  /// Whether a score is above the threshold.
  [[nodiscard]] bool is_anomaly(double score) const { return score > parts_.threshold; }

  /// Say which feature contributed how much to the score of a row, the most first: for each feature
  /// the score less the score with that feature at its typical value. Amounts need not add up:
  /// features that say the same thing share, or each hide, the effect.
  /// **Cost:** as many scores as features, and one.
  [[nodiscard]] std::vector<Contribution> explain(std::span<const double> features) const;

  /// 16 hexadecimal digits that change with anything in the model.
  [[nodiscard]] const std::string& version() const { return version_; }
  /// What the model is made of.
  [[nodiscard]] const ModelParts& parts() const { return parts_; }
  /// Number of features of a row.
  [[nodiscard]] std::size_t n_features() const { return parts_.features.size(); }

 private:
  void scale(std::span<const double> features, std::span<float> scaled) const;

  ModelParts parts_;
  std::string version_;
};

/// The bytes of a model file: "MSFOREST", format version, length and checksum, then Protobuf. The
/// same model gives the same bytes.
std::string serialize_model(const Model& model);

/// Read what serialize_model wrote; anything else is refused.
/// **Errors:** data: what is wrong, and the remedy.
Result<Model> parse_model(std::string_view bytes);

/// Write a model file so that a reader, or a crash, sees the old one or the new one: a temporary
/// file beside it, fsync, rename, fsync of the folder.
/// **Errors:** machine: the path and the system's message.
Status save_model(const Model& model, const std::filesystem::path& path);

/// Read a model file of at most 1 GiB.
/// **Errors:** user: there is none, with the command that makes one; data: as parse_model, with the
/// path; machine: it cannot be read.
Result<Model> load_model(const std::filesystem::path& path);

}  // namespace millstream::forest
