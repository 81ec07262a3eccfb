// Runs simulated schedules: tests/simulator/README.md.
#include <millstream/core/fault_points.h>

#include "simulation.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
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
    Named{Mutant::kOldStateKept, "old-state-kept"},
};

struct Arguments {
  std::uint64_t seed = 1;
  std::uint64_t schedules = 1000;
  double seconds = 0;  ///< 0: as long as the schedules take.
  bool trace = false;
  bool mutants = false;
  std::string mutant;
};

struct Totals {
  std::uint64_t schedules = 0;
  std::uint64_t violations = 0;
  std::uint64_t few_faults = 0;
  std::uint64_t faults = 0;
  std::uint64_t records = 0;
  std::uint64_t commits = 0;
  std::uint64_t rebuilds = 0;
  FaultCounts by_kind{};
};

void add(Totals& totals, const Outcome& outcome) {
  ++totals.schedules;
  std::uint64_t faults = 0;
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    faults += outcome.faults[i];
    totals.by_kind[i] += outcome.faults[i];
  }
  totals.faults += faults;
  if (faults < 5) ++totals.few_faults;
  totals.records += outcome.records;
  totals.commits += outcome.commits;
  totals.rebuilds += outcome.rebuilds;
}

/// Run schedules from a seed on; stops at the first violation.
Totals run(const Arguments& arguments) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(arguments.seconds));
  Totals totals;
  for (std::uint64_t i = 0; i < arguments.schedules; ++i) {
    if (arguments.seconds > 0 && Clock::now() > end) break;
    const Outcome outcome = run_schedule({arguments.seed + i, arguments.trace});
    add(totals, outcome);
    if (outcome.violation.empty()) continue;
    ++totals.violations;
    if (arguments.mutants) break;
    std::printf("seed %llu (%s): %s\n", static_cast<unsigned long long>(arguments.seed + i),
                outcome.application.c_str(), outcome.violation.c_str());
    if (!arguments.trace && arguments.mutant.empty()) {
      std::printf("---- the same schedule again, with its events\n");
      run_schedule({arguments.seed + i, true});
    }
    break;
  }
  return totals;
}

int run_mutants(Arguments arguments) {
  std::size_t found = 0;
  for (const Named& one : kMutants) {
    set_mutant(one.mutant);
    const Totals totals = run(arguments);
    const bool caught = totals.violations > 0;
    found += caught ? 1 : 0;
    std::printf("%-24s %s after %llu schedules\n", std::string(one.name).c_str(),
                caught ? "found" : "NOT FOUND", static_cast<unsigned long long>(totals.schedules));
    std::fflush(stdout);
  }
  std::printf(
      "TORTURE {\"part\": \"mutants\", \"mutants\": %zu, \"found\": %zu, \"failed\": %zu}\n",
      kMutants.size(), found, kMutants.size() - found);
  return found == kMutants.size() ? 0 : 1;
}

void print(const Totals& totals, std::uint64_t seed) {
  const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf(
      "TORTURE {\"part\": \"simulator\", \"seed\": %llu, \"schedules\": %llu, \"violations\": "
      "%llu, "
      "\"faults\": %llu, \"schedules_below_5_faults\": %llu, \"records\": %llu, \"commits\": %llu, "
      "\"rebuilds_of_old_state\": %llu",
      number(seed), number(totals.schedules), number(totals.violations), number(totals.faults),
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
    } else if (name == "--mutant") {
      arguments.mutant = argv[++i];
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
    std::fprintf(stderr,
                 "usage: simulator [--seed N] [--schedules N] [--seconds S] [--trace] "
                 "[--mutants | --mutant NAME]\n");
    return 2;
  }
  if (arguments.mutants) return run_mutants(arguments);
  for (const Named& one : kMutants) {
    if (one.name == arguments.mutant) set_mutant(one.mutant);
  }
  const Totals totals = run(arguments);
  print(totals, arguments.seed);
  return totals.violations == 0 ? 0 : 1;
}

}  // namespace millstream::simulation

int main(int argc, char** argv) { return millstream::simulation::main_of(argc, argv); }
