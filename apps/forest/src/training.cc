#include <millstream/forest/training.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "feature_matrix.h"
#include "quantile.h"

namespace millstream::forest {
namespace {

std::vector<double> column(const FeatureMatrix& matrix, std::size_t feature) {
  std::vector<double> values(matrix.rows());
  for (std::size_t row = 0; row < values.size(); ++row) {
    values[row] = matrix.values[row * kFeatureCount + feature];
  }
  return values;
}

void fit_scaler(const FeatureMatrix& matrix, ModelParts& parts) {
  const auto n = static_cast<double>(matrix.rows());
  for (std::size_t feature = 0; feature < kFeatureCount; ++feature) {
    const auto values = column(matrix, feature);
    double mean = 0;
    for (const double value : values) {
      mean += value / n;
    }
    double variance = 0;
    for (const double value : values) {
      variance += (value - mean) * (value - mean) / n;
    }
    parts.mean.push_back(mean);
    parts.scale.push_back(variance > 0 ? std::sqrt(variance) : 1.0);
    parts.median.push_back(quantile(values, 0.5));
  }
}

std::vector<float> scaled(const FeatureMatrix& matrix, const ModelParts& parts) {
  std::vector<float> values(matrix.values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t feature = i % kFeatureCount;
    values[i] = static_cast<float>((matrix.values[i] - parts.mean[feature]) / parts.scale[feature]);
  }
  return values;
}

}  // namespace

void FeatureMatrix::append(const FeatureMatrix& other) {
  values.insert(values.end(), other.values.begin(), other.values.end());
  records.insert(records.end(), other.records.begin(), other.records.end());
}

FeatureMatrix extract_features(const Series& series, const FeatureOptions& options) {
  FeatureExtractor extractor(options);
  FeatureMatrix matrix;
  std::array<double, kFeatureCount> features{};
  for (std::size_t i = 0; i < series.points.size(); ++i) {
    const Point& point = series.points[i];
    if (extractor.update(point.timestamp_ms, point.value, features)) {
      matrix.values.insert(matrix.values.end(), features.begin(), features.end());
      matrix.records.push_back(static_cast<std::uint32_t>(i));
    }
  }
  return matrix;
}

FeatureMatrix thin_out(const FeatureMatrix& matrix, std::size_t limit) {
  const std::size_t step = (matrix.rows() + limit - 1) / limit;
  if (step <= 1) {
    return matrix;
  }
  FeatureMatrix thin;
  for (std::size_t row = 0; row < matrix.rows(); row += step) {
    const auto begin = matrix.values.begin() + static_cast<std::ptrdiff_t>(row * kFeatureCount);
    thin.values.insert(thin.values.end(), begin, begin + kFeatureCount);
    thin.records.push_back(matrix.records[row]);
  }
  return thin;
}

Result<Model> fit(const FeatureMatrix& rows, const TrainingOptions& options, TrainingInfo info,
                  std::size_t threshold_rows, unsigned threads) {
  if (rows.rows() == 0) {
    return Error::data("no series is longer than the warm-up of " +
                       std::to_string(options.features.warm_up) +
                       " records; give longer series, or choose a smaller warm-up");
  }
  if (!(options.contamination > 0 && options.contamination <= 0.5)) {
    return Error::user("contamination is " + std::to_string(options.contamination) +
                       "; choose a share above 0 and up to 0.5");
  }
  ModelParts parts;
  const auto names = FeatureExtractor::names();
  parts.features.assign(names.begin(), names.end());
  fit_scaler(rows, parts);
  IsolationForestOptions forest_options = options.forest;
  forest_options.contamination.reset();
  auto forest = IsolationForest::train(scaled(rows, parts), kFeatureCount, forest_options, threads);
  if (!forest) {
    return forest.error();
  }
  const auto sample = scaled(thin_out(rows, threshold_rows), parts);
  std::vector<double> scores(sample.size() / kFeatureCount);
  forest->score_batch(sample, scores);
  parts.threshold = -quantile(scores, options.contamination);
  parts.forest = std::move(*forest);
  parts.extraction = options.features;
  parts.training = std::move(info);
  return Model::create(std::move(parts));
}

Result<Model> train_model(std::span<const Series> series, const TrainingOptions& options,
                          std::string data, unsigned threads) {
  MILLSTREAM_TRY(options.features.check());
  FeatureMatrix rows;
  for (const Series& one : series) {
    rows.append(extract_features(one, options.features));
  }
  const TrainingInfo info{std::move(data), series.size(), rows.rows(), options.forest.seed, ""};
  return fit(rows, options, info, std::numeric_limits<std::size_t>::max() / 2, threads);
}

std::vector<double> score_series(const Model& model, const Series& series) {
  const FeatureMatrix matrix = extract_features(series, model.parts().extraction);
  std::vector<double> dense(matrix.rows());
  model.score_batch(matrix.values, dense);
  std::vector<double> scores(series.points.size());
  for (std::size_t row = 0; row < dense.size(); ++row) {
    scores[matrix.records[row]] = dense[row];
  }
  return scores;
}

std::vector<double> alarms(std::span<const double> scores, double threshold,
                           std::uint32_t refractory) {
  std::vector<double> result(scores.size());
  std::size_t silent_until = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (i >= silent_until && scores[i] > threshold) {
      result[i] = 1;
      silent_until = i + refractory + 1;
    }
  }
  return result;
}

}  // namespace millstream::forest
