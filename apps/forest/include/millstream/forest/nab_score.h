#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace millstream::forest {

/// What a detection is worth, and what a miss and a false alarm cost: one of NAB's profiles.
struct ScoringProfile {
  std::string_view name;     ///< NAB's own name.
  double true_positive = 1;  ///< Of the earliest possible detection of a window.
  double false_positive = 0.11;
  double false_negative = 1;
};

/// NAB's three profiles.
inline constexpr std::array<ScoringProfile, 3> kNabProfiles = {{
    {"standard", 1, 0.11, 1},
    {"reward_low_FP_rate", 1, 0.22, 1},
    {"reward_low_FN_rate", 1, 0.11, 2},
}};

/// An anomaly's window: its first and last row.
struct RowWindow {
  std::size_t first = 0;
  std::size_t last = 0;

  bool operator==(const RowWindow&) const = default;
};

/// A file as a detector scored it.
struct ScoredSeries {
  std::vector<double> scores;      ///< One a row; a detection is a score at or above a threshold.
  std::vector<RowWindow> windows;  ///< In order, not overlapping.
  std::size_t probation = 0;       ///< Rows at the start that do not count; see probation_rows.
};

/// What a threshold comes to.
struct SweepPoint {
  double threshold = 0;
  double raw = 0;                   ///< The profile's sum over all files.
  std::size_t true_positives = 0;   ///< Rows after probation: detected, in a window.
  std::size_t true_negatives = 0;   ///< Not detected, in no window.
  std::size_t false_positives = 0;  ///< Detected, in no window.
  std::size_t false_negatives = 0;  ///< Not detected, in a window.
};

/// The rows of a file of `rows` rows that never count: min(floor(0.15 rows), 750).
std::size_t probation_rows(std::size_t rows);

/// What a detection in each row of a file is worth, ignoring probation.
std::vector<double> row_weights(std::size_t rows, std::span<const RowWindow> windows,
                                const ScoringProfile& profile);

/// The score of all files together at one threshold.
SweepPoint score_at(std::span<const ScoredSeries> files, const ScoringProfile& profile,
                    double threshold);

/// The scores at 1.1 and at every score that occurs after probation, in falling order after 1.1.
/// **Cost:** n log n in the number of rows.
std::vector<SweepPoint> sweep_thresholds(std::span<const ScoredSeries> files,
                                         const ScoringProfile& profile);

/// The best of sweep_thresholds, the first if several are: one threshold for all files.
SweepPoint best_threshold(std::span<const ScoredSeries> files, const ScoringProfile& profile);

/// A raw score as NAB publishes it: 0 for detecting nothing, 100 for perfection; NaN if there are
/// no windows.
double normalised_score(double raw, std::size_t windows, const ScoringProfile& profile);

/// All windows of all files, as normalised_score needs them.
std::size_t count_windows(std::span<const ScoredSeries> files);

}  // namespace millstream::forest
