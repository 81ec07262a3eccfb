// Faults under RocksDB and the embedded log, and kills of whole applications: docs/exactly-once.md.
#include "cases.h"

#include <cstdio>
#include <string>
#include <string_view>

namespace millstream::testing {

namespace {

struct Part {
  std::string_view name;
  Tally (*run)(const CaseOptions&);
};
constexpr Part kParts[] = {{"disk", run_disk_cases},
                           {"kill-cycles", run_kill_cycles},
                           {"power-cuts", run_power_cuts},
                           {"fail-points", run_fail_points},
                           {"restart", run_restart}};

int run(const Part& part, const CaseOptions& options) {
  const Tally tally = part.run(options);
  std::printf("TORTURE {\"part\": \"%s\", \"seed\": %llu", std::string(part.name).c_str(),
              static_cast<unsigned long long>(options.seed));
  for (const auto& [name, count] : tally) {
    std::printf(", \"%s\": %llu", name.c_str(), static_cast<unsigned long long>(count));
  }
  std::printf("}\n");
  const auto failed = tally.find("failed");
  return failed == tally.end() || failed->second == 0 ? 0 : 1;
}

}  // namespace

int main_of(int argc, char** argv) {
  CaseOptions options;
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--seed") options.seed = std::stoull(argv[i + 1]);
    if (name == "--cases") options.cases = std::stoi(argv[i + 1]);
    if (name == "--seconds") options.seconds = std::stod(argv[i + 1]);
  }
  for (const Part& part : kParts) {
    if (argc > 1 && part.name == argv[1]) return run(part, options);
  }
  std::fprintf(stderr,
               "usage: fault_cases disk|kill-cycles|power-cuts|fail-points|restart [--seed N] "
               "[--cases N] [--seconds S]\n");
  return 2;
}

}  // namespace millstream::testing

int main(int argc, char** argv) { return millstream::testing::main_of(argc, argv); }
