#pragma once

#include <millstream/core/fault_points.h>

#include "applications.h"
#include "faults.h"

#include <cstdint>
#include <string>

namespace millstream::simulation {

/// What became of one schedule.
struct Outcome {
  std::string violation;  ///< Empty: none.
  std::string application;
  bool at_least_once = false;
  FaultCounts faults{};
  std::uint64_t records = 0;
  std::uint64_t commits = 0;
  std::uint64_t steps = 0;
  std::uint64_t rebuilds = 0;  ///< Wipes that were right.
};

struct ScheduleOptions {
  std::uint64_t seed = 1;
  /// Tell every event on standard output.
  bool trace = false;
};

/// Break the protocol so from now on.
void set_mutant(faults::Mutant mutant);
/// Run the schedule of a seed. **Thread**: one at a time a process.
Outcome run_schedule(const ScheduleOptions& options);

}  // namespace millstream::simulation
