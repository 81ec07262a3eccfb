#pragma once

#include <millstream/core/result.h>

#include <filesystem>
#include <utility>

namespace anomaly {

/// Keeps a second process out of a folder; ends with the process, however that ends.
class FolderLock {
 public:
  /// Make the folder if need be and lock it.
  /// **Errors**: machine: another process has it (its pid is named), or it can't be written.
  static millstream::Result<FolderLock> take(const std::filesystem::path& folder);

  FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace anomaly
