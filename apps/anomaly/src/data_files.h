#pragma once

#include <millstream/core/result.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace anomaly {

/// A CSV file and the name of its series.
struct DataFile {
  std::string series;
  std::filesystem::path file;
};

/// The files of a data set, ordered by series.
struct DataFiles {
  std::vector<DataFile> files;
  std::optional<std::filesystem::path> labels;  ///< NAB's combined_windows.json, if there is one.
};

/// Find the CSV files that a path means; see load_data_set.
/// **Errors**: user: nothing there, no CSV file in it.
millstream::Result<DataFiles> find_data_files(const std::filesystem::path& path);

/// Whether a name matches a pattern of `*` and `?`.
bool matches_pattern(std::string_view name, std::string_view pattern);

}  // namespace anomaly
