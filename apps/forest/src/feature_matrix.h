#pragma once

#include <millstream/forest/training.h>

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace millstream::forest {

// Rows of features with the record each comes from.
struct FeatureMatrix {
  std::vector<double> values;          // row-major
  std::vector<std::uint32_t> records;  // of each row, its record in the series
  [[nodiscard]] std::size_t rows() const { return records.size(); }
  void append(const FeatureMatrix& other);
};

// The features of the records of a series that are fit for scoring.
FeatureMatrix extract_features(const Series& series, const FeatureOptions& options);

// Every n-th row, so that at most `limit` remain.
FeatureMatrix thin_out(const FeatureMatrix& matrix, std::size_t limit);

// Scaler, forest, and a threshold at the contamination of at most `threshold_rows` training rows.
Result<Model> fit(const FeatureMatrix& rows, const TrainingOptions& options, TrainingInfo info,
                  std::size_t threshold_rows, unsigned threads);

}  // namespace millstream::forest
