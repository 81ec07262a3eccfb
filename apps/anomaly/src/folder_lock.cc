#include "folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace anomaly {

using millstream::Error;
using millstream::Result;

namespace {

std::string read_pid(int descriptor) {
  std::array<char, 32> text{};
  const auto size = pread(descriptor, text.data(), text.size(), 0);
  std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return pid.empty() ? "unknown" : pid;
}

Error unusable(const std::filesystem::path& path, int error) {
  return Error::machine(
      fmt::format("{} can't be written: {}; check its permissions, or take another "
                  "folder",
                  path.string(), std::strerror(error)));
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return unusable(folder, error.value());
  const std::filesystem::path file = folder / "lock";
  const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return unusable(file, errno);
  FolderLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return Error::machine(
        fmt::format("{} is in use by process {}: wait until it has ended, or take another folder",
                    folder.string(), read_pid(descriptor)));
  }
  const std::string pid = std::to_string(getpid());
  if (ftruncate(descriptor, 0) != 0 ||
      pwrite(descriptor, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return unusable(file, errno);
  }
  return lock;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace anomaly
