#include <fcntl.h>
#include <millstream/forest/model.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "model_codec.h"

// The file: 8 bytes "MSFOREST", 4 bytes format version, 4 bytes 0, 8 bytes length of the content,
// 8 bytes CRC-64/XZ of the content, all little-endian; then the content, and nothing more.
namespace millstream::forest {
namespace {

constexpr std::string_view kMagic = "MSFOREST";
constexpr std::uint32_t kFormatVersion = 1;
constexpr std::size_t kHeaderSize = 32;
constexpr std::size_t kMaxFileSize = std::size_t{1} << 30U;
constexpr std::string_view kRemedy = "; train a model with `anomaly train`, or copy the file again";

static_assert(std::endian::native == std::endian::little);

template <class T>
T read_number(std::string_view bytes, std::size_t offset) {
  T number;
  std::memcpy(&number, bytes.data() + offset, sizeof(T));
  return number;
}

template <class T>
void append_number(std::string& bytes, T number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof(T));
}

Error refused(const std::string& problem) { return Error::data(problem + std::string(kRemedy)); }

Error system_error(const std::filesystem::path& path, const char* action) {
  const int code = errno;
  return Error::machine(path.string() + ": cannot " + action + ": " +
                        std::generic_category().message(code));
}

// A file descriptor that closes itself.
class File {
 public:
  File(const std::filesystem::path& path, int flags) : fd_(::open(path.c_str(), flags, 0644)) {}
  ~File() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Status write_and_sync(const std::filesystem::path& path, std::string_view bytes) {
  const File file(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
  if (!file.is_open()) {
    return system_error(path, "create the file");
  }
  if (!write_all(file.fd(), bytes) || ::fsync(file.fd()) != 0) {
    return system_error(path, "write the file");
  }
  return {};
}

Result<std::string> read_all(const std::filesystem::path& path) {
  const File file(path, O_RDONLY | O_CLOEXEC);
  if (!file.is_open()) {
    if (errno == ENOENT) {
      return Error::user(path.string() + ": there is no model; train one with `anomaly train`");
    }
    return system_error(path, "open the model");
  }
  std::string bytes;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t count = ::read(file.fd(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return system_error(path, "read the model");
    }
    if (count == 0) {
      return bytes;
    }
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
    if (bytes.size() > kMaxFileSize) {
      return Error::data(path.string() + ": the file is larger than 1 GiB, which no model is");
    }
  }
}

}  // namespace

std::string serialize_model(const Model& model) {
  const std::string content = encode_parts(model.parts());
  std::string bytes(kMagic);
  append_number(bytes, kFormatVersion);
  append_number(bytes, std::uint32_t{0});
  append_number(bytes, std::uint64_t{content.size()});
  append_number(bytes, crc64(content));
  return bytes += content;
}

Result<Model> parse_model(std::string_view bytes) {
  if (!bytes.starts_with(kMagic.substr(0, std::min(kMagic.size(), bytes.size()))) ||
      bytes.empty()) {
    return refused("this is not a millstream model (it does not begin with MSFOREST)");
  }
  if (bytes.size() < kHeaderSize) {
    return refused("the model is truncated: its header has " + std::to_string(bytes.size()) +
                   " of 32 bytes");
  }
  if (const auto version = read_number<std::uint32_t>(bytes, 8); version != kFormatVersion) {
    return Error::data("the model has format version " + std::to_string(version) +
                       ", this program reads version " + std::to_string(kFormatVersion) +
                       "; use the program that trained it, or train it again with `anomaly train`");
  }
  const std::string_view content = bytes.substr(kHeaderSize);
  const auto length = read_number<std::uint64_t>(bytes, 16);
  if (content.size() != length || read_number<std::uint32_t>(bytes, 12) != 0) {
    return refused("the model is truncated or damaged: its content has " +
                   std::to_string(content.size()) + " bytes, its header says " +
                   std::to_string(length));
  }
  if (crc64(content) != read_number<std::uint64_t>(bytes, 24)) {
    return refused("the model is damaged: its checksum does not match its content");
  }
  auto parts = decode_parts(content);
  if (!parts) {
    return refused(std::string(parts.error().message()));
  }
  auto model = Model::create(std::move(*parts));
  if (!model) {
    return refused(std::string(model.error().message()));
  }
  return model;
}

Status save_model(const Model& model, const std::filesystem::path& path) {
  const std::filesystem::path temporary = path.string() + ".tmp." + std::to_string(::getpid());
  if (auto status = write_and_sync(temporary, serialize_model(model)); !status) {
    ::unlink(temporary.c_str());
    return status;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const Error error = system_error(path, "put the new model in place");
    ::unlink(temporary.c_str());
    return error;
  }
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const File directory(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!directory.is_open() || ::fsync(directory.fd()) != 0) {
    return system_error(folder, "sync the folder");
  }
  return {};
}

Result<Model> load_model(const std::filesystem::path& path) {
  const auto bytes = read_all(path);
  if (!bytes) {
    return bytes.error();
  }
  auto model = parse_model(*bytes);
  if (!model) {
    return model.error().within(path.string());
  }
  return model;
}

}  // namespace millstream::forest
