#include <millstream/rocks/database.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace millstream {
namespace {

Error system_error(const std::string& doing, int code) {
  return Error::machine(doing + ": " + std::generic_category().message(code));
}

Status make_private_directory(const std::string& directory) {
  const std::filesystem::path parent = std::filesystem::path(directory).parent_path();
  std::error_code error;
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_error("cannot make the directory " + directory, errno);
  }
  struct stat info{};
  if (::stat(directory.c_str(), &info) != 0) {
    return system_error("cannot look at the directory " + directory, errno);
  }
  if (!S_ISDIR(info.st_mode)) return Error::machine(directory + " is not a directory");
  if (info.st_uid != ::geteuid()) {
    return Error::machine("the directory " + directory + " belongs to another user (uid " +
                          std::to_string(info.st_uid) + "); use one of your own");
  }
  return {};
}

std::string read_pid(int descriptor) {
  char text[32];
  const ssize_t size = ::pread(descriptor, text, sizeof text, 0);
  std::string pid(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!pid.empty() && (pid.back() < '0' || pid.back() > '9')) pid.pop_back();
  return pid.empty() ? "unknown" : pid;
}

}  // namespace

DirectoryLock::DirectoryLock(std::string path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor) {}

// The file stays: removing it would let two processes lock two files of one name.
DirectoryLock::~DirectoryLock() { ::close(descriptor_); }

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::acquire(const std::string& directory) {
  MILLSTREAM_TRY(make_private_directory(directory));
  const std::string path = directory + "/.lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return system_error("cannot open " + path, errno);
  std::unique_ptr<DirectoryLock> lock(new DirectoryLock(path, descriptor));  // NOLINT: private
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_error("cannot lock " + path, errno);
    return Error::machine("the directory " + directory + " is in use by process " +
                          read_pid(descriptor) + "; stop it or choose another directory");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(descriptor, 0) != 0 ||
      ::pwrite(descriptor, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return system_error("cannot write " + path, errno);
  }
  return lock;
}

}  // namespace millstream
