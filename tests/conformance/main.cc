// conformance PATH...: runs vectors recorded from Kafka Streams (files, or folders of them) through
// the same topologies made with millstream. Exit status 0: all pass; 1: some don't; 2: usage.
// --all: tell all failing cases, not two a kind. --abort: process each record twice, with an abort
// between; see RunMode.

#include "vector_case.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace {

using millstream::conformance::find_kind;
using millstream::conformance::Json;
using millstream::conformance::Kind;
using millstream::conformance::run_case;
using millstream::conformance::run_description;
using millstream::conformance::RunMode;

struct Count {
  int passed = 0;
  int total = 0;
};

class Run {
 public:
  Run(int failures_shown, RunMode mode) : failures_shown_(failures_shown), mode_(mode) {}

  /// One line a fault: as many as help.
  void note(const std::string& kind, const std::string& name,
            const std::optional<std::string>& fault) {
    Count& count = counts_[kind];
    ++count.total;
    if (!fault) {
      ++count.passed;
    } else if (shown_[kind]++ < failures_shown_) {
      std::cout << "FAILED " << kind << " " << name << "\n" << *fault << "\n";
    }
  }

  bool add_file(const std::filesystem::path& path) {
    std::ifstream stream(path);
    const Json file = Json::parse(stream, nullptr, false);
    if (file.is_discarded()) {
      std::cerr << path.string() << ": can't be read as JSON\n";
      return false;
    }
    if (file.is_array()) {
      add_descriptions(file);
    } else {
      add_vectors(file);
    }
    return true;
  }

  /// The lines a kind, the sum, and the exit status.
  int report() const {
    Count sum;
    for (const auto& [kind, count] : counts_) {
      std::cout << kind << ": " << count.passed << "/" << count.total << "\n";
      sum.passed += count.passed;
      sum.total += count.total;
    }
    std::cout << sum.passed << " passed, " << sum.total - sum.passed << " failed\n";
    return sum.passed == sum.total && sum.total > 0 ? 0 : 1;
  }

 private:
  /// Kinds whose processors hold in members what an abort takes from them: schedules made, or
  /// cancelled, by records.
  [[nodiscard]] bool is_left_out(const std::string& kind) const {
    return mode_ == RunMode::kAbort && (kind == "papi_punctuation_schedule_from_process" ||
                                        kind == "papi_two_punctuators_cancel");
  }

  void add_vectors(const Json& file) {
    const std::string name = file.at("topology");
    if (is_left_out(name)) return;
    const Kind* kind = find_kind(name);
    const std::string order = file.value("step_order", "");
    for (const Json& vector_case : file.at("cases")) {
      note(name, vector_case.at("name"),
           kind == nullptr ? "    there is no such kind"
                           : run_case(*kind, vector_case, order, mode_));
    }
  }

  void add_descriptions(const Json& entries) {
    for (const Json& entry : entries) {
      const std::string name = entry.at("topology");
      const Kind* kind = find_kind(name);
      const std::string what = entry.at("params").dump() + " optimization " +
                               entry.at("optimization").get<std::string>();
      note("describe", name + " " + what,
           kind == nullptr ? "    there is no such kind" : run_description(*kind, entry));
    }
  }

  int failures_shown_;
  RunMode mode_;
  std::map<std::string, Count> counts_;
  std::map<std::string, int> shown_;
};

std::vector<std::filesystem::path> files_of(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> paths(argv + 1, argv + argc);
  const bool all = std::erase(paths, "--all") > 0;
  const bool aborts = std::erase(paths, "--abort") > 0;
  if (paths.empty()) {
    std::cerr
        << "usage: conformance [--all] [--abort] PATH...   (vector files, or folders of them)\n";
    return 2;
  }
  Run run(all ? std::numeric_limits<int>::max() : 2, aborts ? RunMode::kAbort : RunMode::kPlain);
  for (const std::string& path : paths) {
    if (!std::filesystem::exists(path)) {
      std::cerr << path << ": there is no such file or folder\n";
      return 2;
    }
    for (const auto& file : files_of(path)) {
      if (!run.add_file(file)) return 2;
    }
  }
  return run.report();
}
