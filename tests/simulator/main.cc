// Runs simulated schedules: tests/simulator/README.md.
#include <millstream/core/fault_points.h>

#include "simulation.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <numeric>
#include <set>
#include <string>
#include <string_view>

namespace millstream::simulation {

namespace {

struct Named {
  faults::Mutant mutant;
  std::string_view name;
};
using faults::Mutant;
constexpr std::array kMutants = {
    Named{Mutant::kSpillBeforeCommit, "spill-before-commit"},
    Named{Mutant::kPresumedCommitKept, "presumed-commit-kept"},
    Named{Mutant::kTornSpill, "torn-spill"},
    Named{Mutant::kAbortDropsCommitted, "abort-drops-committed"},
    Named{Mutant::kAbortKeepsDirty, "abort-keeps-dirty"},
    Named{Mutant::kAbortKeepsQueues, "abort-keeps-queues"},
    Named{Mutant::kAbortDoesNotSeek, "abort-does-not-seek"},
    Named{Mutant::kFreshLease, "fresh-lease"},
    Named{Mutant::kRevokeWithoutCommit, "revoke-without-commit"},
    Named{Mutant::kLastStableEnd, "last-stable-end"},
    Named{Mutant::kRecordToLastStable, "record-to-last-stable"},
    Named{Mutant::kSourceReadsAborted, "source-reads-aborted"},
    Named{Mutant::kRestoreReadsAborted, "restore-reads-aborted"},
    Named{Mutant::kNoGuard, "no-guard"},
    Named{Mutant::kIdleOffsetsForgotten, "idle-offsets-forgotten"},
    Named{Mutant::kOperatorStateLeftOut, "operator-state-left-out"},
    Named{Mutant::kOnePosition, "one-position"},
    Named{Mutant::kSourceTopicToEnd, "source-topic-to-end"},
    Named{Mutant::kGroupOffsetWins, "group-offset-wins"},
    Named{Mutant::kResetNotFollowed, "reset-not-followed"},
    Named{Mutant::kFetchedOffset, "fetched-offset"},
    Named{Mutant::kWipeWhenBehind, "wipe-when-behind"},
    Named{Mutant::kInterruptedRestored, "interrupted-restored"},
    Named{Mutant::kRefusalKept, "refusal-kept"},
    Named{Mutant::kOldStateKept, "old-state-kept"},
};

struct Arguments {
  std::uint64_t seed = 1;
  std::uint64_t schedules = 1000;
  double seconds = 0;  ///< 0: as long as the schedules take.
  bool trace = false;
  bool mutants = false;
  /// A file with seeds.
  std::string seeds;
  /// Those to be found; empty: all.
  std::set<std::string, std::less<>> names;
};

constexpr std::uint64_t kEnoughFaults = 5;

struct Totals {
  std::uint64_t schedules = 0;
  std::uint64_t exactly_once = 0;
  std::uint64_t at_least_once = 0;
  std::uint64_t violations = 0;
  /// Schedules in which fewer faults happened: they count for nothing.
  std::uint64_t few_faults = 0;
  std::uint64_t faults = 0;
  std::uint64_t records = 0;
  std::uint64_t commits = 0;
  std::uint64_t rebuilds = 0;
  FaultCounts by_kind{};
};

void add(Totals& totals, const Outcome& outcome) {
  const std::uint64_t faults =
      std::accumulate(outcome.faults.begin(), outcome.faults.end(), std::uint64_t{0});
  if (faults < kEnoughFaults && outcome.violation.empty()) {
    ++totals.few_faults;
    return;
  }
  ++totals.schedules;
  ++(outcome.at_least_once ? totals.at_least_once : totals.exactly_once);
  for (std::size_t i = 0; i < kFaultCount; ++i) totals.by_kind[i] += outcome.faults[i];
  totals.faults += faults;
  totals.records += outcome.records;
  totals.commits += outcome.commits;
  totals.rebuilds += outcome.rebuilds;
}

void tell(const ScheduleOptions& options, const Outcome& outcome, bool events) {
  std::printf("seed %llu (%s): %s\n", static_cast<unsigned long long>(options.seed),
              outcome.application.c_str(), outcome.violation.c_str());
  if (!options.trace && events) {
    std::printf("---- the same schedule again, with its events\n");
    run_schedule({options.seed, true});
    std::printf("----\n");
  }
  std::fflush(stdout);
}

/// Run the schedules of a file: a seed a line, # begins a comment.
Totals run_seeds(const std::string& path) {
  Totals totals;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    const ScheduleOptions options{std::stoull(line), false};
    const Outcome outcome = run_schedule(options);
    add(totals, outcome);
    if (outcome.violation.empty()) continue;
    ++totals.violations;
    tell(options, outcome, totals.violations == 1);
  }
  return totals;
}

/// Run schedules from a seed on. The first violation is told with its events, others by their
/// seeds.
Totals run(const Arguments& arguments, bool until_found) {
  using Clock = std::chrono::steady_clock;
  constexpr std::uint64_t kMostViolations = 20;
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(arguments.seconds));
  Totals totals;
  for (std::uint64_t seed = arguments.seed; totals.schedules < arguments.schedules; ++seed) {
    if (arguments.seconds > 0 && Clock::now() > end) break;
    const ScheduleOptions options{seed, arguments.trace};
    const Outcome outcome = run_schedule(options);
    add(totals, outcome);
    if (outcome.violation.empty()) continue;
    ++totals.violations;
    if (until_found) break;
    tell(options, outcome, totals.violations == 1);
    if (totals.violations == kMostViolations) break;
  }
  return totals;
}

int run_mutants(const Arguments& arguments) {
  std::size_t tried = 0;
  std::size_t found = 0;
  for (const Named& one : kMutants) {
    // By name only: its schedules try the same again for minutes, and the time isn't worth it.
    const bool slow = one.mutant == Mutant::kRefusalKept;
    if (arguments.names.empty() ? slow : !arguments.names.contains(one.name)) continue;
    set_mutant(one.mutant);
    const Totals totals = run(arguments, true);
    const bool caught = totals.violations > 0;
    ++tried;
    found += caught ? 1 : 0;
    std::printf("%-24s %s after %llu schedules\n", std::string(one.name).c_str(),
                caught ? "found" : "NOT FOUND", static_cast<unsigned long long>(totals.schedules));
    std::fflush(stdout);
  }
  std::printf(
      "TORTURE {\"part\": \"mutants\", \"mutants\": %zu, \"found\": %zu, \"failed\": %zu}\n", tried,
      found, tried - found);
  return found == tried && tried > 0 ? 0 : 1;
}

void print(const Totals& totals, std::uint64_t seed) {
  const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf(
      "TORTURE {\"part\": \"simulator\", \"seed\": %llu, \"schedules\": %llu, "
      "\"exactly_once\": %llu, \"at_least_once\": %llu, \"violations\": %llu, "
      "\"faults\": %llu, \"not_counted_below_5_faults\": %llu, \"records\": %llu, "
      "\"commits\": %llu, \"rebuilds_of_old_state\": %llu",
      number(seed), number(totals.schedules), number(totals.exactly_once),
      number(totals.at_least_once), number(totals.violations), number(totals.faults),
      number(totals.few_faults), number(totals.records), number(totals.commits),
      number(totals.rebuilds));
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    std::printf(", \"fault_%s\": %llu", std::string(kFaultNames[i]).c_str(),
                number(totals.by_kind[i]));
  }
  std::printf(", \"failed\": %llu}\n", number(totals.violations));
}

bool parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (name == "--trace") {
      arguments.trace = true;
    } else if (name == "--mutants") {
      arguments.mutants = true;
    } else if (value == nullptr) {
      return false;
    } else if (name == "--seed") {
      arguments.seed = std::stoull(argv[++i]);
    } else if (name == "--schedules") {
      arguments.schedules = std::stoull(argv[++i]);
    } else if (name == "--seconds") {
      arguments.seconds = std::stod(argv[++i]);
    } else if (name == "--seeds") {
      arguments.seeds = argv[++i];
    } else if (name == "--mutant") {
      arguments.names.emplace(argv[++i]);
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

int main_of(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    std::fprintf(
        stderr,
        "usage: simulator [--seed N] [--schedules N] [--seconds S] [--trace] "
        "[--seeds FILE] [--mutants] [--mutant NAME]...\n"
        "--mutants: find every built-in mistake, or those that are named; --mutant alone: run "
        "with it\n");
    return 2;
  }
  if (arguments.mutants) return run_mutants(arguments);
  for (const Named& one : kMutants) {
    if (arguments.names.contains(one.name)) set_mutant(one.mutant);
  }
  const Totals totals =
      arguments.seeds.empty() ? run(arguments, false) : run_seeds(arguments.seeds);
  print(totals, arguments.seed);
  // None at all isn't good either: a file that isn't there.
  return totals.violations == 0 && totals.schedules > 0 ? 0 : 1;
}

}  // namespace millstream::simulation

int main(int argc, char** argv) { return millstream::simulation::main_of(argc, argv); }
