#include <millstream/forest/random.h>
#include <millstream/forest/training.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>
#include <optional>

#include "feature_matrix.h"
#include "parallel.h"
#include "quantile.h"

namespace millstream::forest {
namespace {

constexpr std::array<double, 10> kContaminations = {0.0003, 0.0005, 0.0008, 0.0013, 0.002,
                                                    0.003,  0.005,  0.008,  0.013,  0.02};
constexpr std::size_t kTrainingRows = 60000;  // a trial looks at no more; a tree sees 1024 at most
constexpr std::size_t kThresholdRows = 20000;

double log_uniform(Random& random, double low, double high) {
  return low * std::pow(high / low, random.uniform());
}

TrainingOptions draw_options(const TrainingOptions& base, std::uint64_t seed) {
  constexpr std::array<std::uint32_t, 3> kTrees = {50, 100, 200};
  constexpr std::array<std::uint32_t, 5> kSamples = {64, 128, 256, 512, 1024};
  Random random(seed);
  TrainingOptions options = base;
  options.features.window = 4 + random.below(29);
  options.features.short_half_life = log_uniform(random, 3, 48);
  options.features.long_half_life = log_uniform(random, 100, 4000);
  options.forest.trees = kTrees[random.below(kTrees.size())];
  options.forest.max_samples = kSamples[random.below(kSamples.size())];
  options.forest.max_features = 0.2 + 0.8 * random.uniform();
  options.forest.bootstrap = random.below(2) == 1;
  return options;
}

// Judges trials on the same division into folds.
class Judge {
 public:
  Judge(std::span<const Series> series, const TuningOptions& options)
      : series_(series), options_(options), fold_of_(series.size()) {
    labelled_ = std::any_of(series.begin(), series.end(),
                            [](const Series& one) { return !one.windows.empty(); });
    std::vector<std::size_t> order(series.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    Random random(options.seed);
    for (std::size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
    }
    for (std::size_t i = 0; i < order.size(); ++i) {
      fold_of_[order[i]] = i % options.folds;
    }
  }

  [[nodiscard]] bool labelled() const { return labelled_; }

  Status judge(Trial& trial) const {
    std::vector<FeatureMatrix> features;
    for (const Series& one : series_) {
      features.push_back(extract_features(one, trial.options.features));
    }
    std::vector<std::vector<double>> scores(series_.size());  // of the rows
    std::vector<std::vector<double>> training_scores(options_.folds);
    for (std::size_t fold = 0; fold < options_.folds; ++fold) {
      MILLSTREAM_TRY(judge_fold(fold, trial.options, features, scores, training_scores[fold]));
    }
    choose_contamination(trial, features, scores, training_scores);
    return {};
  }

 private:
  using Scores = std::vector<std::vector<double>>;

  Status judge_fold(std::size_t fold, const TrainingOptions& options,
                    const std::vector<FeatureMatrix>& features, Scores& scores,
                    std::vector<double>& training_scores) const {
    FeatureMatrix rows;
    for (std::size_t i = 0; i < series_.size(); ++i) {
      if (fold_of_[i] != fold) {
        rows.append(features[i]);
      }
    }
    rows = thin_out(rows, kTrainingRows);
    auto model = fit(rows, options, {}, 1, 1);
    if (!model) {
      return model.error();
    }
    const FeatureMatrix sample = thin_out(rows, kThresholdRows);
    training_scores.resize(sample.rows());
    model->score_batch(sample.values, training_scores);
    for (std::size_t i = 0; i < series_.size(); ++i) {
      if (fold_of_[i] == fold) {
        scores[i].resize(features[i].rows());
        model->score_batch(features[i].values, scores[i]);
      }
    }
    return {};
  }

  void choose_contamination(Trial& trial, const std::vector<FeatureMatrix>& features,
                            const Scores& scores, const Scores& training_scores) const {
    trial.criterion = -std::numeric_limits<double>::infinity();
    for (const double contamination : kContaminations) {
      Trial candidate = trial;
      candidate.options.contamination = contamination;
      std::vector<double> thresholds;
      for (const auto& fold_scores : training_scores) {
        thresholds.push_back(quantile(fold_scores, 1 - contamination));
      }
      if (labelled_) {
        judge_by_labels(candidate, features, scores, thresholds);
      } else {
        judge_by_shape(candidate, scores, thresholds);
      }
      if (candidate.criterion > trial.criterion) {
        trial = candidate;
      }
    }
  }

  void judge_by_labels(Trial& trial, const std::vector<FeatureMatrix>& features,
                       const Scores& scores, const std::vector<double>& thresholds) const {
    std::vector<std::vector<ScoredSeries>> folds(options_.folds);
    double alarm_count = 0;
    double records = 0;
    for (std::size_t i = 0; i < series_.size(); ++i) {
      const std::size_t n = series_[i].points.size();
      std::vector<double> dense(n);
      for (std::size_t row = 0; row < scores[i].size(); ++row) {
        dense[features[i].records[row]] = scores[i][row];
      }
      auto detections = alarms(dense, thresholds[fold_of_[i]], trial.options.refractory);
      alarm_count += std::accumulate(detections.begin(), detections.end(), 0.0);
      records += static_cast<double>(n);
      folds[fold_of_[i]].push_back({std::move(detections), series_[i].windows, probation_rows(n)});
    }
    double raw = 0;
    std::size_t windows = 0;
    trial.fold_criteria.clear();
    for (const auto& fold : folds) {
      const double fold_raw = score_at(fold, options_.profile, 0.5).raw;
      raw += fold_raw;
      windows += count_windows(fold);
      trial.fold_criteria.push_back(
          normalised_score(fold_raw, count_windows(fold), options_.profile));
    }
    trial.criterion = normalised_score(raw, windows, options_.profile);
    trial.alarms_per_1000 = 1000 * alarm_count / std::max(records, 1.0);
  }

  // The criterion without labels, over the series of each fold; the mean of folds is the trial's.
  void judge_by_shape(Trial& trial, const Scores& scores,
                      const std::vector<double>& thresholds) const {
    double above = 0;
    double rows = 0;
    trial.fold_criteria.clear();
    for (std::size_t fold = 0; fold < options_.folds; ++fold) {
      std::vector<double> all;
      for (std::size_t i = 0; i < series_.size(); ++i) {
        if (fold_of_[i] == fold) {
          all.insert(all.end(), scores[i].begin(), scores[i].end());
        }
      }
      const auto high = static_cast<double>(std::count_if(
          all.begin(), all.end(), [&](double score) { return score > thresholds[fold]; }));
      above += high;
      rows += static_cast<double>(all.size());
      trial.fold_criteria.push_back(
          shape_criterion(all, thresholds[fold], high, trial.options.contamination));
    }
    trial.criterion = std::accumulate(trial.fold_criteria.begin(), trial.fold_criteria.end(), 0.0) /
                      static_cast<double>(options_.folds);
    trial.alarms_per_1000 = 1000 * above / std::max(rows, 1.0);
  }

  static double shape_criterion(const std::vector<double>& scores, double threshold, double above,
                                double contamination) {
    constexpr double kNothingToSay = -100;
    if (scores.empty() || above == 0) {
      return kNothingToSay;
    }
    double mean = 0;
    for (const double score : scores) {
      mean += score > threshold ? score / above : 0.0;
    }
    const double median = quantile(scores, 0.5);
    const double spread = std::max(quantile(scores, 0.9) - median, 1e-9);
    const double share = above / static_cast<double>(scores.size());
    return std::log1p(std::max(mean - median, 0.0) / spread) -
           std::abs(std::log(share / contamination));
  }

  std::span<const Series> series_;
  const TuningOptions& options_;
  std::vector<std::size_t> fold_of_;
  bool labelled_ = false;
};

Status check(std::span<const Series> series, const TuningOptions& options) {
  if (options.trials == 0) {
    return Error::user("tuning needs at least one trial");
  }
  if (options.folds < 2 || series.size() < options.folds) {
    return Error::user("tuning with " + std::to_string(options.folds) + " folds and " +
                       std::to_string(series.size()) +
                       " series; choose at least 2 folds and no more folds than series, or train "
                       "without tuning (--tune 0)");
  }
  return {};
}

std::size_t best_of(const std::vector<Trial>& trials) {
  const auto best =
      std::max_element(trials.begin(), trials.end(),
                       [](const Trial& a, const Trial& b) { return a.criterion < b.criterion; });
  return static_cast<std::size_t>(best - trials.begin());
}

}  // namespace

Result<TuningResult> tune(std::span<const Series> series, const TrainingOptions& base,
                          const TuningOptions& options, const TuningProgress& progress) {
  MILLSTREAM_TRY(check(series, options));
  MILLSTREAM_TRY(base.features.check());
  const Judge judge(series, options);
  TuningResult result;
  result.criterion = judge.labelled()
                         ? "NAB score, " + std::string(options.profile.name)
                         : std::string("separation of alarms less calibration error (no labels)");
  result.trials.resize(options.trials);
  std::mutex mutex;
  std::size_t done = 0;
  Error failure;
  parallel_for(options.trials, options.threads, [&](std::size_t i) {
    Trial& trial = result.trials[i];
    trial.number = i;
    trial.options = i == 0 ? base : draw_options(base, mix_seed(options.seed, i));
    trial.options.forest.seed = mix_seed(options.seed, i + options.trials);
    const Status status = judge.judge(trial);
    const std::lock_guard lock(mutex);
    if (!status) {
      failure = status.error();
    } else if (progress) {
      progress(++done, options.trials, trial);
    }
  });
  if (failure.is_set()) {
    return failure;
  }
  result.best = best_of(result.trials);
  return result;
}

}  // namespace millstream::forest
