#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace anomaly {

/// A folder of one test. **Lifetime**: removes it.
class TestFolder {
 public:
  TestFolder() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(::testing::TempDir()) /
            (std::string(test->test_suite_name()) + "-" + test->name() + "-" +
             std::to_string(::getpid()));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  static std::string read(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] std::vector<std::filesystem::path> files(const std::string& below = "") const {
    std::vector<std::filesystem::path> out;
    if (!std::filesystem::exists(path_ / below)) return out;
    for (const auto& entry : std::filesystem::directory_iterator(path_ / below)) {
      if (entry.is_regular_file()) out.push_back(entry.path());
    }
    return out;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace anomaly
