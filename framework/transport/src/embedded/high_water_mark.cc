#include "high_water_mark.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace millstream::embedded {
namespace {

constexpr std::string_view kPrefix = "millstream-high-water-mark 1 ";

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

Error system_error(const std::string& what, const std::string& path) {
  const int number = errno;
  const std::string text = what + " " + path + ": " + std::generic_category().message(number);
  if (number != ENOSPC && number != EDQUOT) return Error::machine(text);
  return Error::fatal(text + "; make room and start again");
}

Status write_and_sync(const std::string& path, std::string_view text) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.get() < 0) return system_error("cannot create", path);
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return system_error("cannot write", path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0) return system_error("cannot sync", path);
  return {};
}

}  // namespace

Result<std::uint64_t> HighWaterMark::read() const {
  std::error_code missing;
  if (!std::filesystem::exists(path_, missing)) return std::uint64_t{0};
  std::ifstream file(path_);
  std::string line;
  std::uint64_t sequence = 0;
  if (std::getline(file, line) && line.starts_with(kPrefix)) {
    const char* begin = line.data() + kPrefix.size();
    const char* end = line.data() + line.size();
    const auto parsed = std::from_chars(begin, end, sequence);
    if (parsed.ec == std::errc() && parsed.ptr == end) return sequence;
  }
  return Error::machine("the high-water mark " + path_ +
                        " is damaged or unreadable; if the log beside it is known to be whole, "
                        "remove this file");
}

Status HighWaterMark::write(std::uint64_t sequence) const {
  const std::string fresh = path_ + ".new";
  MILLSTREAM_TRY(write_and_sync(fresh, std::string(kPrefix) + std::to_string(sequence) + "\n"));
  if (::rename(fresh.c_str(), path_.c_str()) != 0) return system_error("cannot replace", path_);
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) {
    return system_error("cannot sync", folder);
  }
  return {};
}

}  // namespace millstream::embedded
