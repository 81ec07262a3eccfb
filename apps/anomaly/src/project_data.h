#pragma once

#include <millstream/core/result.h>

#include <filesystem>
#include <optional>
#include <string>

#include "terminal.h"

namespace anomaly {

/// The project's folder `data/`: above the program, above the working directory, or what
/// MILLSTREAM_DATA names. Nothing where the program was taken away from its sources.
std::optional<std::filesystem::path> find_project_data();

/// A data set to take, and in words where it comes from.
struct ChosenData {
  std::filesystem::path path;
  std::string name;
};

/// Choose the demo's data: `given` if there is one, else NAB in data/NAB, which data/fetch-nab is
/// asked to bring if `may_fetch` (it gives up after a few seconds without a network), else the
/// sample that the project ships. Says what it does.
/// **Errors**: user: none of them is there.
millstream::Result<ChosenData> choose_data(const std::string& given, bool may_fetch,
                                           Terminal& terminal);

}  // namespace anomaly
