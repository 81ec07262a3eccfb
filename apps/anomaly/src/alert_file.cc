#include "alert_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace anomaly {

using millstream::Error;
using millstream::Status;

namespace {

/// An open file. **Lifetime**: closes it.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& file, int flags)
      : number_(::open(file.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  [[nodiscard]] bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto count = ::write(number_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  [[nodiscard]] bool sync() const { return ::fsync(number_) == 0; }

 private:
  int number_;
};

Error failure(const std::filesystem::path& file) {
  const int code = errno;
  return Error::machine("cannot write " + file.string() + ": " +
                        std::generic_category().message(code));
}

}  // namespace

Status write_whole_file(const std::filesystem::path& file, std::string_view bytes) {
  const std::filesystem::path made = file.string() + ".new";
  {
    const Descriptor out(made, O_WRONLY | O_CREAT | O_TRUNC);
    if (!out.is_open() || !out.write(bytes) || !out.sync()) return failure(made);
  }
  if (::rename(made.c_str(), file.c_str()) != 0) return failure(file);
  const Descriptor directory(file.has_parent_path() ? file.parent_path() : ".", O_RDONLY);
  if (directory.is_open() && !directory.sync()) return failure(file);
  return {};
}

}  // namespace anomaly
