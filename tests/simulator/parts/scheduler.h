#pragma once

#include <millstream/core/time.h>

#include "dice.h"

#include <functional>
#include <memory>
#include <vector>

namespace millstream::simulation {

/// Thrown into a fiber whose process is killed. Deliberately no std::exception: nothing of the
/// engine may catch it.
struct Killed {};

/// Runs the threads of several simulated processes as fibers of one thread, one at a time, in
/// virtual time. A fiber gives way only where it waits, so that a schedule is the order of these
/// places, and that is the dice's. **Thread**: one.
class Scheduler final : public Clock {
 public:
  explicit Scheduler(Dice& dice);
  ~Scheduler() override;
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  [[nodiscard]] Timestamp now() const override { return now_; }
  [[nodiscard]] std::chrono::nanoseconds monotonic() const override { return Duration(now_.ms()); }

  /// Start a fiber of a process. **Errors**: exceptions but Killed leave `run_one`.
  void spawn(int process, std::function<void()> body);

  // For fibers. **Errors**: Killed.
  void sleep(Duration time);
  /// As `sleep`, but `notify` ends it.
  void wait_for_news(Duration time);
  /// The process of the running fiber; -1: none runs.
  [[nodiscard]] int current_process() const;
  /// The process of the fiber that `run_one` has let run; -1: none.
  [[nodiscard]] int last_process() const { return last_process_; }

  /// Something has happened that a waiting fiber may want to see.
  void notify();
  /// Let the fiber run whose time comes first; false when none's comes before `limit`, which is now
  /// then.
  bool run_one(Timestamp limit);
  /// SIGSTOP: nothing of the process runs before `until`.
  void stop_process(int process, Timestamp until);
  [[nodiscard]] bool is_stopped(int process) const;
  /// kill -9: its fibers unwind here. Not from a fiber.
  void kill_process(int process);
  [[nodiscard]] bool is_running(int process) const;
  /// Everything sleeps for so long; nobody notices.
  void leap(Duration time);

 private:
  struct Fiber;
  struct Place;
  static void switch_between(Place& from, Place& to, bool first_entry);
  void give_way(Timestamp until, bool news);
  void resume(Fiber& fiber);
  static void enter(unsigned high, unsigned low);

  Dice* dice_;
  Timestamp now_{1'700'000'000'000};
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<std::pair<int, Timestamp>> stopped_;
  Fiber* running_ = nullptr;
  int last_process_ = -1;
};

}  // namespace millstream::simulation
