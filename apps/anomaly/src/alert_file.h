#pragma once

#include <millstream/core/result.h>

#include <filesystem>
#include <string_view>

namespace anomaly {

/// Replace a file's content at once: who reads it, even after a crash, sees the old or the new.
/// **Errors**: kMachine, naming the file and what the system said. **Cost**: two fsyncs.
millstream::Status write_whole_file(const std::filesystem::path& file, std::string_view bytes);

}  // namespace anomaly
