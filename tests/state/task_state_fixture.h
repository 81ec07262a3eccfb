#pragma once

#include <millstream/state/task_state.h>

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace millstream::testing {

/// A directory that is gone when the test is.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    // In memory where there is such a place: what's tested here isn't the disk.
    const std::filesystem::path shared = "/dev/shm";
    const auto parent =
        std::filesystem::exists(shared) ? shared : std::filesystem::temp_directory_path();
    std::string pattern = parent / "millstream-state-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no scratch directory");
    path_ = pattern;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// How the stores of a test live.
enum class Backing {
  kMemory,      ///< No directory: the buffer is all.
  kDatabase,    ///< Over RocksDB; what was written stays in the buffer.
  kTinyBuffer,  ///< Over RocksDB with next to no buffer: clean entries go at once.
};

inline std::string name_of(Backing backing) {
  switch (backing) {
    case Backing::kMemory:
      return "Memory";
    case Backing::kDatabase:
      return "Database";
    case Backing::kTinyBuffer:
      return "TinyBuffer";
  }
  return "?";
}

inline std::string name_of_backing(const ::testing::TestParamInfo<Backing>& backing) {
  return name_of(backing.param);
}

inline StoreSpec key_value(std::string name, bool persistent = true) {
  StoreSpec spec;
  spec.name = std::move(name);
  spec.persistent = persistent;
  return spec;
}

/// The rows of a store, as "key=value,".
inline std::string content(ByteStore& store, Direction direction = Direction::kForward) {
  std::string out;
  for (auto rows = store.scan({}, {}, direction); rows->valid(); rows->next()) {
    out += std::string(rows->key()) + "=" + std::string(rows->value()) + ",";
  }
  return out;
}

/// A task's state that can be committed, spilt, closed and opened again.
class StateUnderTest {
 public:
  StateUnderTest(Backing backing, std::vector<StoreSpec> specs, bool rewrites_aborted = false)
      : backing_(backing), specs_(std::move(specs)), rewrites_aborted_(rewrites_aborted) {
    open();
  }

  [[nodiscard]] TaskState& state() { return *state_; }
  [[nodiscard]] ByteStore& store(std::string_view name) { return state_->store(name); }
  [[nodiscard]] Backing backing() const { return backing_; }

  void commit(Timestamp at = Timestamp()) {
    CommitMark mark;
    mark.number = ++number_;
    mark.lineage = "test";
    mark.committed_at = at;
    state_->mark_committed(mark);
  }
  void commit_and_spill() {
    commit();
    spill();
  }
  void spill() {
    const Status status = state_->spill();
    ASSERT_TRUE(status) << status.error().message();
  }
  /// Close and open again; what isn't spilt is lost, in memory nothing is kept at all.
  void reopen() {
    ASSERT_TRUE(state_->close(false));
    state_.reset();
    open();
  }
  [[nodiscard]] std::uint64_t number() const { return number_; }

 private:
  void open() {
    TaskStateOptions options;
    options.task = TaskId{0, 0};
    options.stores = specs_;
    options.rewrites_aborted = rewrites_aborted_;
    if (backing_ != Backing::kMemory) {
      options.directory = directory_.path();
      options.resources = &resources_;
    }
    if (backing_ == Backing::kTinyBuffer) options.buffer_budget = 1000;
    auto opened = TaskState::open(std::move(options));
    if (!opened) throw std::runtime_error(std::string(opened.error().message()));
    state_ = *std::move(opened);
    number_ = state_->stored_mark() ? state_->stored_mark()->number : 0;
  }

  Backing backing_;
  std::vector<StoreSpec> specs_;
  bool rewrites_aborted_;
  ScratchDirectory directory_;
  RocksResources resources_{RocksResources::Options{}};
  std::unique_ptr<TaskState> state_;
  std::uint64_t number_ = 0;
};

}  // namespace millstream::testing
