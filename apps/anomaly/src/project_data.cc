#include "project_data.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <system_error>

namespace anomaly {

namespace fs = std::filesystem;
using millstream::Error;
using millstream::Result;

namespace {

bool is_project_data(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / "sample" / "data", ignored);
}

std::optional<fs::path> find_above(fs::path folder) {
  for (; !folder.empty(); folder = folder.parent_path()) {
    if (is_project_data(folder / "data")) return folder / "data";
    if (folder == folder.parent_path()) break;
  }
  return std::nullopt;
}

/// Run data/fetch-nab and wait for its end; true if NAB is there then.
bool fetch_nab(const fs::path& script) {
  const pid_t child = fork();
  if (child == 0) {
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execl(script.c_str(), script.c_str(), "--quiet", static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

std::optional<fs::path> find_project_data() {
  if (const char* named = std::getenv("MILLSTREAM_DATA"); named != nullptr) return fs::path(named);
  std::error_code ignored;
  if (auto found = find_above(fs::read_symlink("/proc/self/exe", ignored).parent_path())) {
    return found;
  }
  return find_above(fs::current_path(ignored));
}

Result<ChosenData> choose_data(const std::string& given, bool may_fetch, Terminal& terminal) {
  if (!given.empty()) return ChosenData{given, given};
  const auto project = find_project_data();
  if (!project) {
    return Error::user(
        "the project's folder data/ isn't above the program or the working directory: name a data "
        "set with --data DIR, or the folder with MILLSTREAM_DATA");
  }
  const fs::path nab = *project / "NAB";
  std::error_code ignored;
  if (!fs::is_directory(nab / "data", ignored) && may_fetch) {
    terminal.line("  NAB isn't here yet: asking data/fetch-nab for it");
    fetch_nab(*project / "fetch-nab");
  }
  if (fs::is_directory(nab / "data", ignored)) {
    return ChosenData{nab, "NAB, the Numenta Anomaly Benchmark"};
  }
  terminal.line("  Taking the sample that comes with the project (--data DIR takes any other)");
  return ChosenData{*project / "sample", "the project's sample"};
}

}  // namespace anomaly
