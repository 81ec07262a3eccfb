#pragma once

#include "faulty_file_system.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace millstream::testing {

/// The file system that databases of this process are opened on.
FaultyFileSystem& disk();

struct CaseOptions {
  std::uint64_t seed = 1;
  int cases = 50;
  double seconds = 0;  ///< 0: as long as the cases take.
};

/// What the cases of a part came to, by name; `failed` counts the wrong ones.
using Tally = std::map<std::string, std::uint64_t>;

/// Damaged and lost files, failing writes, power cuts under a task's state; each is put right by
/// replay or rebuild, or refused with a message.
Tally run_disk_cases(const CaseOptions& options);
/// kill -9 of a process that commits to the embedded log, again and again.
Tally run_kill_cycles(const CaseOptions& options);
/// Power cuts under the embedded log, and under a whole application on it.
Tally run_power_cuts(const CaseOptions& options);
/// kill -9 of an application at each fail-point of the protocol, `cases` times each.
Tally run_fail_points(const CaseOptions& options);
/// Restart after kill -9 with `cases` keys in the store.
Tally run_restart(const CaseOptions& options);

/// A power cut under an application on the embedded log; what was wrong, if anything.
std::string cut_power_of_application(const std::string& scratch, std::uint64_t seed, Tally& tally);

/// How a child process ended.
struct ChildEnd {
  int status = 0;  ///< Its exit status; -1: it was killed or aborted.
  int signal = 0;
  std::string said;  ///< What it wrote by `tell`.
};
/// Run `body` in a process of its own; its result is the exit status.
ChildEnd run_child(const std::function<int()>& body);
/// The same, killed after a while unless it has ended.
ChildEnd run_child_and_kill(const std::function<int()>& body, std::uint64_t microseconds);
/// In a child: tell the parent.
void tell(const std::string& text);
/// The fail-point at which this process kills itself when it has come to it so often.
void kill_at(const std::string& point, int times);

}  // namespace millstream::testing
