#pragma once

#include <millstream/core/result.h>
#include <millstream/forest/nab_score.h>
#include <millstream/forest/training.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::forest {

/// Read "2014-04-10 07:15:00", with a fraction of a second or not, as milliseconds since 1970, UTC.
/// **Errors:** data: the text, and what was expected.
Result<std::int64_t> parse_timestamp(std::string_view text);

/// Write milliseconds since 1970 as "2014-04-10 07:15:00" (UTC; fractions are dropped).
std::string format_timestamp(std::int64_t timestamp_ms);

/// Read one of NAB's data files: a header, then timestamp,value. An empty value is a NaN.
/// **Errors:** data, machine: path, line, problem.
Result<Series> load_series(const std::filesystem::path& path, std::string name);

/// Read all of NAB's series: DIR/<category>/<file>.csv, in order of name, named
/// "<category>/<file>.csv"; with the windows of NAB's combined_windows.json if `windows_file` is
/// not empty. Files that the labels know and the folder doesn't have are left out.
/// **Errors:** user: no such folder, no series in it; data: a file or a window that cannot be.
Result<std::vector<Series>> load_corpus(const std::filesystem::path& data_dir,
                                        const std::filesystem::path& windows_file);

/// Read a detector's result files for these series, in NAB's layout:
/// DIR/<detector>/<category>/<detector>_<file>.csv with the columns timestamp and anomaly_score.
/// **Errors:** data: a missing file, another number of rows than the series.
Result<std::vector<ScoredSeries>> load_results(const std::filesystem::path& results_dir,
                                               std::string_view detector,
                                               std::span<const Series> series);

/// Write a series' scores as NAB's own result file, where load_results and NAB's runner look:
/// timestamp,value,anomaly_score,label.
/// **Errors:** machine: it cannot be written.
Status write_result(const std::filesystem::path& results_dir, std::string_view detector,
                    const Series& series, std::span<const double> scores);

/// Put a series' scores beside its labels, for the scorer.
ScoredSeries with_labels(const Series& series, std::vector<double> scores);

/// A detector's result over a corpus under one profile, also as people understand it.
struct CorpusScore {
  ScoringProfile profile;
  SweepPoint best;                ///< The best threshold and what it comes to.
  double score = 0;               ///< Normalised: 0 for nothing, 100 for perfection.
  std::size_t windows = 0;        ///< Labelled anomalies.
  std::size_t windows_found = 0;  ///< Of them, with at least one detection after probation.
  std::size_t false_alarms = 0;   ///< Detected rows outside the windows.
  std::size_t detections = 0;     ///< Detected rows after probation.
};

/// Score a detector on all files under NAB's three profiles.
/// **Cost:** below a second for NAB's 58 files.
std::array<CorpusScore, 3> score_corpus(std::span<const ScoredSeries> files);

}  // namespace millstream::forest
