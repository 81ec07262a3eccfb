#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace millstream {

/// Names of nodes, topics or stores: `"one"` or `{"one", "two"}`.
class NameList {
 public:
  NameList() = default;
  NameList(const char* name) : names_{name} {}             // NOLINT(google-explicit-constructor)
  NameList(std::string name) : names_{std::move(name)} {}  // NOLINT(google-explicit-constructor)
  NameList(std::initializer_list<std::string> names) : names_(names) {}
  NameList(std::vector<std::string> names)  // NOLINT(google-explicit-constructor)
      : names_(std::move(names)) {}

  [[nodiscard]] const std::vector<std::string>& values() const { return names_; }

 private:
  std::vector<std::string> names_;
};

}  // namespace millstream
