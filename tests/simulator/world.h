#pragma once

#include <millstream/core/log.h>

#include "at_least_once.h"
#include "checker.h"
#include "cluster.h"
#include "dice.h"
#include "faults.h"
#include "scheduler.h"
#include "simulated_disk.h"
#include "simulation.h"
#include "stepped_streams.h"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace millstream::simulation {

/// One schedule: brokers, machines with an instance each, records that come in, faults. Everything
/// is decided by the seed. **Thread**: one.
class World {
 public:
  explicit World(const ScheduleOptions& options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Outcome run();
  /// A fail-point of the protocol was reached in the running fiber.
  void reach(const char* point);

 private:
  struct Machine {
    int number = 0;
    std::string directory;
    std::unique_ptr<SteppedStreams> streams;
    Timestamp start_at;
    bool closing = false;
  };
  class TraceLogger;

  // Setting up.
  void plan_mix();
  void plan_settings();
  void plan_at_least_once();
  void plan_inputs();
  void plan_faults();
  [[nodiscard]] Config config_of(const Machine& machine) const;

  // Running.
  void at(Timestamp time, std::function<void()> action);
  void run_until(Timestamp end, const std::function<bool()>& done);
  void step(Timestamp limit);
  void look_after_machines();
  void check(bool all);
  void check_kept_state();
  [[nodiscard]] std::string missing() const;
  [[nodiscard]] Offset progress(const TopicPartition& source) const;
  void go_on_until_enough_faults();
  void start(Machine& machine);
  void finish(Machine& machine, Duration down);
  void kill(Machine& machine, Duration down);
  void run_epilogue();
  void close_all();

  // Faults.
  void inject(Fault fault);
  void inject_into_machine(Fault fault);
  void inject_while_down(Fault fault);
  void pass_two_days();
  void compact(Duration tombstone_retention);
  void time_out_a_transaction(int tries);
  Machine* random_running();
  void append_input();
  [[nodiscard]] Fault some_fault();
  void stick_in_work();
  void trace(const std::string& event);

  ScheduleOptions options_;
  Dice dice_;
  Scheduler scheduler_;
  ArmedFaults faults_;
  Cluster cluster_;
  SimulatedDisk disk_;
  const Application* application_;
  Checker checker_;
  AtLeastOnce at_least_once_;
  std::unique_ptr<Logger> logger_;
  std::vector<Machine> machines_;
  std::multimap<Timestamp, std::function<void()>> actions_;

  /// What is likely in this schedule: no two are alike. **Source**: Groce et al., Swarm testing.
  std::array<int, kFaultCount> weights_{};
  int deletions_ = 15;
  int threads_ = 1;
  bool static_members_ = false;
  bool exactly_once_ = true;
  bool quiet_ = false;
  Duration commit_interval_{100};
  Duration session_{3000};
  Duration transaction_timeout_{5000};
  Duration wait_{50};
  Duration active_{8000};
  Timestamp end_;  ///< Of what runs now.
  int next_process_ = 1;
  int next_input_ = 1;
  int points_until_kill_ = 0;
  int killed_process_ = -1;
  bool may_rebuild_ = false;
  std::uint64_t rebuilds_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace millstream::simulation
