#pragma once

#include <millstream/core/result.h>

#include <filesystem>

#include "data_set.h"

namespace anomaly {

/// Take the labelled windows of a data set's series from NAB's combined_windows.json.
/// **Errors**: machine: the file can't be read; data: it doesn't parse.
millstream::Status read_labels(const std::filesystem::path& file, DataSet& data);

}  // namespace anomaly
