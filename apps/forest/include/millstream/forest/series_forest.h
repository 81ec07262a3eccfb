#pragma once

#include <millstream/core/result.h>
#include <millstream/forest/feature_extractor.h>
#include <millstream/forest/model.h>
#include <millstream/forest/series_state.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::forest {

/// How a plain forest a series works; the forest's own names and defaults are scikit-learn's.
struct SeriesForestOptions {
  FeatureOptions features = {};
  std::uint32_t trees = 100;        ///< 1 to 1,000.
  std::uint32_t sample = 256;       ///< Rows drawn for a tree, 2 to 4,096.
  std::uint32_t window = 1000;      ///< Rows that the forest is trained on, 2 to 100,000.
  std::uint32_t first_fit = 250;    ///< Rows after the features' warm-up before the first training.
  std::uint32_t refit_every = 250;  ///< Rows between trainings, 1 to 1,000,000.
  double contamination = 0.005;     ///< Share of the training rows whose score is an anomaly.
  std::uint32_t refractory = 100;   ///< Records after an alarm without another.
  std::uint64_t seed = 0;           ///< With the series' name, everything random follows from it.

  bool operator==(const SeriesForestOptions&) const = default;
  /// **Errors:** user: an option out of range, with the range.
  [[nodiscard]] Status check() const;
};

/// Detect anomalies in one series by a plain isolation forest of its own, trained on the features
/// of its last records and trained again now and then: what one gets from a textbook, to compare
/// OnlineForest with. Deterministic given options, series name and records. Thread: one owner.
/// **Cost:** about a microsecond a record beside training, which takes some milliseconds every
/// `refit_every` records.
class SeriesForest {
 public:
  using Options = SeriesForestOptions;

  /// A fresh series. Options must have passed check().
  explicit SeriesForest(const SeriesForestOptions& options, std::string_view series = "");

  /// Score the next record, then learn from it. A value that is not finite is not counted and
  /// scores 0; bad timestamps are as for FeatureExtractor.
  SeriesScore update(std::int64_t timestamp_ms, double value);

  /// Say which feature did what to the last record's score, the most first; as Model::explain.
  /// Empty before the first training. **Lifetime:** until the next update.
  [[nodiscard]] std::vector<Contribution> explain() const;

  /// The exponential mean of the values, half-life 12 records; 0 before the first.
  [[nodiscard]] double level() const { return head_.level; }
  /// Records counted so far.
  [[nodiscard]] std::uint64_t count() const { return extractor_.count(); }
  /// Bytes held at most.
  [[nodiscard]] std::size_t memory() const;

  /// The stored state: see SeriesStateFormat. The forest is not in it but trained again, bit for
  /// bit, when it is read.
  void serialize_head(std::string& bytes) const;
  void serialize_block(std::uint64_t block, std::string& bytes) const;
  [[nodiscard]] BlockRange blocks() const { return blocks_of(head_.rows); }
  [[nodiscard]] bool is_mine(std::string_view head) const;
  [[nodiscard]] Result<BlockRange> blocks(std::string_view head) const;
  Status deserialize(std::string_view bytes);

 private:
  using Features = std::array<double, kFeatureCount>;
  struct Head {
    std::uint64_t rows = 0;        // features fit for scoring so far
    std::uint64_t last_alarm = 0;  // rows after the last alarm; 0 for none
    double level = 0;
  };

  [[nodiscard]] std::uint64_t needed() const;
  [[nodiscard]] BlockRange blocks_of(std::uint64_t rows) const;
  [[nodiscard]] std::uint64_t last_fit(std::uint64_t rows) const;
  void train(std::uint64_t at_rows);

  SeriesForestOptions options_;
  std::uint64_t seed_;
  std::uint64_t fingerprint_;
  std::uint64_t capacity_;
  FeatureExtractor extractor_;
  Head head_;
  std::vector<Features> ring_;  // row r at r % capacity_
  Features last_{};
  std::optional<Model> model_;
};

}  // namespace millstream::forest
