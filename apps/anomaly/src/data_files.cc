#include "data_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

namespace anomaly {

namespace fs = std::filesystem;
using millstream::Error;
using millstream::Result;

namespace {

bool is_csv(const fs::path& file) { return file.extension() == ".csv"; }

/// The folder's own name, also of "x/" and ".".
std::string folder_name(const fs::path& folder) {
  std::error_code ignored;
  const fs::path absolute = fs::absolute(folder, ignored).lexically_normal();
  return (absolute.has_filename() ? absolute : absolute.parent_path()).filename().string();
}

std::string series_of(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  return folder_name(folder) + "/" + file.stem().string();
}

/// The series of a file below a folder: its path in there, with the folder's own name where it lies
/// directly in it.
std::string series_below(const fs::path& folder, const fs::path& file) {
  const fs::path relative = file.lexically_relative(folder);
  if (!relative.has_parent_path()) return series_of(file);
  return (relative.parent_path() / relative.stem()).generic_string();
}

void add_folder(const fs::path& folder, DataFiles& out) {
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (it->is_regular_file(error) && is_csv(it->path())) {
      out.files.push_back({series_below(folder, it->path()), it->path()});
    }
  }
}

void add_matching(const fs::path& pattern, DataFiles& out) {
  const fs::path folder = pattern.has_parent_path() ? pattern.parent_path() : fs::path(".");
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->is_regular_file(error) &&
        matches_pattern(it->path().filename().string(), pattern.filename().string())) {
      out.files.push_back({series_of(it->path()), it->path()});
    }
  }
}

/// NAB's labels for the folder that holds the categories.
std::optional<fs::path> find_labels(const fs::path& data_folder) {
  std::error_code ignored;
  const fs::path labels = fs::absolute(data_folder, ignored).lexically_normal().parent_path() /
                          "labels" / "combined_windows.json";
  if (fs::is_regular_file(labels, ignored)) return labels;
  return std::nullopt;
}

}  // namespace

bool matches_pattern(std::string_view name, std::string_view pattern) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() == '*') {
    for (std::size_t skipped = 0; skipped <= name.size(); ++skipped) {
      if (matches_pattern(name.substr(skipped), pattern.substr(1))) return true;
    }
    return false;
  }
  return !name.empty() && (pattern.front() == '?' || pattern.front() == name.front()) &&
         matches_pattern(name.substr(1), pattern.substr(1));
}

Result<DataFiles> find_data_files(const fs::path& path) {
  DataFiles found;
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    const bool is_nab = fs::is_directory(path / "data", ignored);
    const fs::path folder = is_nab ? path / "data" : path;
    add_folder(folder, found);
    if (is_nab || folder_name(path) == "data") found.labels = find_labels(folder);
  } else if (fs::exists(path, ignored)) {
    found.files.push_back({series_of(path), path});
  } else {
    add_matching(path, found);
  }
  if (found.files.empty()) {
    return Error::user(fmt::format(
        "{} holds no CSV files: give a folder with NAB's layout (data/<category>/*.csv), a folder "
        "with CSV files, one file, or a pattern in quotes",
        path.string()));
  }
  std::sort(found.files.begin(), found.files.end(),
            [](const DataFile& a, const DataFile& b) { return a.series < b.series; });
  return found;
}

}  // namespace anomaly
