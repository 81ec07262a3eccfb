#pragma once

#include <millstream/core/result.h>
#include <millstream/forest/training.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "csv_series.h"

namespace anomaly {

/// One series of a data set.
struct DataSeries {
  std::string name;  ///< `<category>/<file without .csv>`.
  std::filesystem::path file;
  std::vector<millstream::forest::Point> points;
  std::vector<BadLine> bad_lines;
  std::vector<millstream::forest::RowWindow> windows;  ///< Labelled anomalies, as rows of `points`.

  /// Whether a time lies in a labelled window.
  [[nodiscard]] bool is_labelled(std::int64_t timestamp_ms) const;
};

/// Series that belong together, ordered by name.
struct DataSet {
  std::filesystem::path path;  ///< What the user named.
  std::vector<DataSeries> series;
  std::vector<std::string> warnings;  ///< About files that were left out.

  [[nodiscard]] std::size_t points() const;
  [[nodiscard]] std::size_t bad_lines() const;
  [[nodiscard]] std::size_t windows() const;
  /// A series by its name, or null.
  [[nodiscard]] const DataSeries* find(std::string_view name) const;
  /// SHA-256 of names, points, bad lines and labels: the same for the same data, wherever it lies.
  [[nodiscard]] std::string fingerprint() const;
};

/// Read a data set: a folder with NAB's layout (`data/<category>/*.csv`, labels in
/// `labels/combined_windows.json`), any folder with CSV files in it, one file, or several by a name
/// with `*` and `?` in its last part. A file without the right header is left out with a warning.
/// **Errors**: user: nothing there, with what was looked for; data: labels that don't parse.
millstream::Result<DataSet> load_data_set(const std::filesystem::path& path);

/// The series as the trainer takes them.
std::vector<millstream::forest::Series> to_training_series(const DataSet& data);

}  // namespace anomaly
