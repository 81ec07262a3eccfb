#pragma once

#include <millstream/core/log.h>
#include <millstream/core/result.h>

#include <filesystem>
#include <memory>
#include <string_view>

namespace anomaly {

/// Log lines in logfmt behind their time, to standard error. **Errors**: user: no such level.
millstream::Result<std::unique_ptr<millstream::Logger>> log_to_stderr(std::string_view level);

/// The same, appended to a file. **Errors**: machine: it can't be written.
millstream::Result<std::unique_ptr<millstream::Logger>> log_to_file(
    const std::filesystem::path& file);

}  // namespace anomaly
