#pragma once

#include <millstream/core/result.h>
#include <millstream/forest/feature_extractor.h>
#include <millstream/forest/isolation_forest.h>
#include <millstream/forest/model.h>
#include <millstream/forest/nab_score.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace millstream::forest {

/// One measurement.
struct Point {
  std::int64_t timestamp_ms = 0;  ///< Milliseconds since 1970, UTC.
  double value = 0;
};

/// A series of measurements in the order of arrival, with its anomalies where they are known.
struct Series {
  std::string name;
  std::vector<Point> points;
  std::vector<RowWindow> windows;  ///< Labels, as row numbers; empty without.
};

/// How a model is made out of series.
struct TrainingOptions {
  FeatureOptions features = {};
  /// `contamination` here is ignored: the one below counts.
  IsolationForestOptions forest = {};
  double contamination = 0.01;     ///< Share of the training rows whose score is an anomaly.
  std::uint32_t refractory = 100;  ///< Records of a series after an alarm without another.

  bool operator==(const TrainingOptions&) const = default;
};

/// Train one model on all series: features of every record (after each series' warm-up, nothing
/// looks ahead), a scaler, the forest, the threshold by contamination. Records without a finite
/// value are left out.
/// The result depends on series, options and seed, not on `threads`.
/// **Errors:** user: an option out of range; data: no series is longer than the warm-up.
Result<Model> train_model(std::span<const Series> series, const TrainingOptions& options,
                          std::string data, unsigned threads = 1);

/// The score of each record of a series as a running detector would give it: 0 in the warm-up and
/// for values that are not finite.
std::vector<double> score_series(const Model& model, const Series& series);

/// Turn scores into alarms: 1 where a score is above the threshold and more than `refractory`
/// records after the last alarm, else 0.
std::vector<double> alarms(std::span<const double> scores, double threshold,
                           std::uint32_t refractory);

/// What is tried in a search for better options, and how it is judged.
struct TuningOptions {
  std::size_t trials = 20;  ///< The first trial is the base options as they are.
  std::size_t folds = 3;    ///< Each series is judged once, by a model of the other folds' series.
  std::uint64_t seed = 0;
  unsigned threads = 1;
  ScoringProfile profile = kNabProfiles[0];  ///< Of the criterion, if there are labels.
};

/// One set of options and what it came to.
struct Trial {
  std::size_t number = 0;
  TrainingOptions options;
  double criterion = 0;               ///< The higher, the better.
  std::vector<double> fold_criteria;  ///< Of each fold alone; NaN where it says nothing.
  double alarms_per_1000 = 0;         ///< Alarms among 1,000 records judged.
};

/// What a search found.
struct TuningResult {
  std::string criterion;      ///< What was maximised, for people.
  std::vector<Trial> trials;  ///< In the order they were drawn.
  std::size_t best = 0;       ///< Index of the best trial.
};

/// Told after each trial, one call at a time: how many of how many are done, and this trial.
using TuningProgress = std::function<void(std::size_t done, std::size_t total, const Trial&)>;

/// Search forest and feature options at random around `base`, cross-validated over series: a fold's
/// series are judged by a model trained on the other folds' series only, record by record without
/// look-ahead. In each trial the contamination is the best of a fixed grid.
///
/// With labels the criterion is NAB's normalised score of the alarms (threshold from the training
/// series, refractory applied) over all judged series. Without labels it is, over judged series:
/// separation − calibration error, where separation is ln(1 + (mean score of alarmed records −
/// median score) / (90th − 50th percentile of scores)) and the calibration error is
/// |ln(share of records above the threshold / contamination)|: a detector whose alarms stand out
/// clearly, and that alarms on unseen series as often as it was asked to.
/// The result depends on series, options and seed, not on `threads`.
/// **Errors:** user: fewer series than folds, no trials; data: as train_model.
Result<TuningResult> tune(std::span<const Series> series, const TrainingOptions& base,
                          const TuningOptions& options, const TuningProgress& progress = {});

}  // namespace millstream::forest
