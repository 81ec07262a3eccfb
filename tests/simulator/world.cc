#include "world.h"

#include <millstream/core/murmur2.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace millstream::simulation {

namespace {

constexpr Timestamp kBegin{1'700'000'000'000};
constexpr Duration kPatience{300'000};
constexpr PartitionId kPartitions = 2;
constexpr std::size_t kMostMachines = 3;

/// State directories need to exist for the instance's id only; stores are on the simulated disk.
/// They are made once a process.
const std::string& directory_of(std::size_t machine) {
  static const std::vector<std::string> all = [] {
    const auto base = std::filesystem::temp_directory_path() /
                      ("millstream-simulation-" + std::to_string(::getpid()));
    std::vector<std::string> directories;
    for (std::size_t i = 0; i < kMostMachines; ++i) {
      const auto directory = base / std::to_string(i);
      std::filesystem::create_directories(directory / kApplicationId);
      std::ofstream(directory / kApplicationId / "instance-id") << "machine" << i << "\n";
      directories.push_back(directory.string());
    }
    return directories;
  }();
  return all.at(machine);
}

}  // namespace

class World::TraceLogger final : public Logger {
 public:
  TraceLogger(const Scheduler& scheduler, bool on) : scheduler_(&scheduler), on_(on) {}
  void log(LogLevel level, std::string_view event, std::span<const LogField> fields) override {
    if (!on_ || level == LogLevel::kDebug) return;
    std::printf("%7lld process %d: %s\n",
                static_cast<long long>((scheduler_->now() - kBegin).count()),
                scheduler_->current_process(), to_logfmt(level, event, fields).c_str());
  }

 private:
  const Scheduler* scheduler_;
  bool on_;
};

World::World(const ScheduleOptions& options)
    : options_(options),
      dice_(options.seed),
      scheduler_(dice_),
      cluster_(scheduler_, dice_, faults_),
      application_(&applications()[options.seed % applications().size()]),
      checker_(*application_, cluster_),
      at_least_once_(*application_, cluster_),
      logger_(std::make_unique<TraceLogger>(scheduler_, options.trace)) {
  disk_.mount();
  disk_.on_write = [this](const std::string&, const SimulatedDisk::Write& write) {
    if (exactly_once_) checker_.check_write(write);
  };
  cluster_.on_commit_decided = [this](std::int64_t producer) { checker_.note_decision(producer); };
}

World::~World() {
  for (Machine& machine : machines_) {
    if (machine.streams) kill(machine, Duration(0));
  }
}

void World::trace(const std::string& event) {
  if (!options_.trace) return;
  std::printf("%7lld %s\n", static_cast<long long>((scheduler_.now() - kBegin).count()),
              event.c_str());
}

// ---- Setting up
// -----------------------------------------------------------------------------------

/// Some kinds often, some never; and in part of the schedules what a rare state needs.
void World::plan_mix() {
  for (int& weight : weights_) weight = dice_.of(std::vector<int>{0, 1, 1, 1, 4});
  const auto weight_of = [this](Fault fault) -> int& {
    return weights_.at(static_cast<std::size_t>(fault));
  };
  weight_of(Fault::kOffsetExpiry) = 0;  // the epilogue's
  weight_of(Fault::kStuckWork) = 0;     // takes ten minutes
  weight_of(Fault::kKill) += 1;
  deletions_ = dice_.of(std::vector<int>{0, 15, 15, 40});
  faults_.latest = Duration(dice_.of(std::vector<int>{100, 600, 6000}));
  const bool can_delete = application_->name.starts_with("count");
  switch (dice_.between(1, can_delete ? 6 : 12)) {
    case 1:  // requests that arrive in a later transaction
      weight_of(Fault::kLateRequest) += 12;
      weight_of(Fault::kFailedRecord) += 8;
      faults_.latest = Duration(dice_.of(std::vector<int>{100, 600}));
      break;
    case 2:  // a restore while the last owner's commit is decided and not yet to be read
      weight_of(Fault::kSlowMarkers) += 12;
      weight_of(Fault::kKillAtPoint) += 8;
      weight_of(Fault::kKill) += 8;
      break;
    case 3:  // a member that works on after its tasks went to another
      weight_of(Fault::kStuckWork) += 4;
      weight_of(Fault::kRebalance) += 4;
      break;
    case 4:  // deletions that a machine misses
    case 5:
      if (!can_delete) break;
      weight_of(Fault::kOldTombstones) += 20;
      deletions_ = 50;
      break;
    default:
      break;
  }
}

Fault World::some_fault() {
  auto at = dice_.between(1, std::accumulate(weights_.begin(), weights_.end(), 0));
  std::size_t kind = 0;
  while ((at -= weights_.at(kind)) > 0) ++kind;
  return static_cast<Fault>(kind);
}

void World::plan_settings() {
  const bool sticks = weights_.at(static_cast<std::size_t>(Fault::kStuckWork)) > 0;
  machines_.resize(sticks ? 2 + dice_.index(kMostMachines - 1) : 1 + dice_.index(kMostMachines));
  for (std::size_t i = 0; i < machines_.size(); ++i) {
    machines_[i].number = static_cast<int>(i);
    machines_[i].directory = directory_of(i);
    machines_[i].start_at = scheduler_.now() + Duration(dice_.between(0, 400));
  }
  threads_ = static_cast<int>(dice_.between(1, 2));
  exactly_once_ = !dice_.chance(12);
  if (!exactly_once_) plan_at_least_once();
  static_members_ = dice_.chance(40);
  commit_interval_ = Duration(dice_.of(std::vector<int>{50, 100, 100, 300}));
  session_ = Duration(dice_.between(1500, 4000));
  transaction_timeout_ = Duration(dice_.between(2000, 10'000));
  wait_ = Duration(dice_.of(std::vector<int>{20, 60, 150}));
  if (sticks) wait_ = Duration(4000);  // ten minutes of it are to be simulated
  active_ = Duration(dice_.between(5000, 12'000));
  for (const std::string& input : application_->inputs) {
    const bool compacted = application_->name == "source-as-changelog";
    cluster_.create_topic(
        {input, kPartitions, {{"cleanup.policy", compacted ? "compact" : "delete"}}});
  }
  cluster_.create_topic({"out", kPartitions, {}});
  trace("application " + application_->name + ", " + std::to_string(machines_.size()) +
        " machines, " + std::to_string(threads_) + " threads" +
        (static_members_ ? ", static members" : "") + (exactly_once_ ? "" : ", at least once"));
}

/// Nothing fences who has lost a task without knowing it, and an offset that is set can't be told
/// from one that the application has set: as in Kafka Streams nothing is promised of these.
void World::plan_at_least_once() {
  for (const Fault fault : {Fault::kOffsetSet, Fault::kOffsetMovedBack, Fault::kStop,
                            Fault::kStuckWork, Fault::kOldTombstones, Fault::kTransactionTimeout}) {
    weights_.at(static_cast<std::size_t>(fault)) = 0;
  }
}

Config World::config_of(const Machine& machine) const {
  Config config{{"application.id", kApplicationId},
                {"state.dir", machine.directory},
                {"processing.guarantee", exactly_once_ ? "exactly_once_v2" : "at_least_once"},
                {"statestore.cache.max.bytes", "0"}};
  config.set("commit.interval.ms", std::to_string(commit_interval_.count()));
  config.set("num.stream.threads", std::to_string(threads_));
  config.set("session.timeout.ms", std::to_string(session_.count()));
  config.set("transaction.timeout.ms", std::to_string(transaction_timeout_.count()));
  if (static_members_) config.set("group.instance.id", "machine" + std::to_string(machine.number));
  return config;
}

void World::at(Timestamp time, std::function<void()> action) {
  actions_.emplace(time, std::move(action));
}

void World::append_input() {
  const int serial = next_input_++;
  const std::string key = "k" + std::to_string(dice_.index(5));
  const TopicPartition to{dice_.of(application_->inputs), partition_for_key(key, kPartitions)};
  LogEntry entry;
  entry.key = key;
  entry.value = (dice_.chance(deletions_) ? "x" : "v") + std::to_string(serial);
  entry.timestamp = scheduler_.now() + Duration(dice_.between(-1500, 0));
  if (dice_.chance(6)) {
    cluster_.append_aborted(to, std::move(entry));
  } else {
    cluster_.append(to, std::move(entry));
  }
}

void World::plan_inputs() {
  const std::int64_t bursts = dice_.between(8, 22);
  for (std::int64_t i = 0; i < bursts; ++i) {
    at(scheduler_.now() + Duration(dice_.between(0, active_.count())), [this] {
      for (std::int64_t n = dice_.between(1, 6); n > 0; --n) append_input();
    });
  }
}

void World::plan_faults() {
  for (std::int64_t i = dice_.between(9, 16); i > 0; --i) {
    const Fault fault = some_fault();
    at(scheduler_.now() + Duration(dice_.between(300, active_.count())),
       [this, fault] { inject(fault); });
  }
}

// ---- Running
// --------------------------------------------------------------------------------------

Outcome World::run() {
  plan_mix();
  plan_settings();
  plan_inputs();
  plan_faults();
  run_until(scheduler_.now() + active_, [] { return false; });
  go_on_until_enough_faults();
  quiet_ = true;
  trace("no more faults");
  faults_.disarm();
  points_until_kill_ = 0;
  const auto complete = [this, seen = std::uint64_t{0}]() mutable {
    if (std::exchange(seen, cluster_.version()) == cluster_.version()) return false;
    return actions_.empty() && missing().empty();
  };
  run_until(scheduler_.now() + kPatience, complete);
  if (const auto what = missing(); !what.empty()) {
    checker_.report("it doesn't come to an end: " + what);
  }
  if (checker_.violation().empty() && !exactly_once_) check_kept_state();
  if (checker_.violation().empty()) run_epilogue();
  if (checker_.violation().empty()) close_all();
  Outcome outcome;
  outcome.violation = checker_.violation();
  outcome.application = application_->name;
  outcome.faults = faults_.hits();
  outcome.at_least_once = !exactly_once_;
  outcome.records = exactly_once_ ? checker_.records() : at_least_once_.records();
  outcome.commits = checker_.commits();
  outcome.steps = steps_;
  outcome.rebuilds = rebuilds_;
  return outcome;
}

/// A restart on the kept store is exact, at least once too: its offsets belong to its rows.
void World::check_kept_state() {
  const bool kept = machines_.size() == 1 && faults_.of(Fault::kMachineLoss) == 0 &&
                    faults_.of(Fault::kDiskLoss) == 0;
  if (!kept || !application_->comparable || !application_->kept) return;
  if (!machines_.front().streams) return;
  machines_.front().streams->for_each_task([this](StreamTask& task) {
    if (!task.state().has_changes()) {
      checker_.compare_rows(task, at_least_once_.state_of(task.id()));
    }
  });
}

/// What was planned doesn't always find something to hit.
void World::go_on_until_enough_faults() {
  constexpr std::uint64_t kEnough = 5;
  const std::vector<Fault> sure{Fault::kKill, Fault::kRebalance, Fault::kCloseAndStart};
  for (int more = 0; faults_.total() < kEnough && more < 100; ++more) {
    if (random_running() == nullptr) {
      run_until(scheduler_.now() + Duration(1000), [] { return false; });
      continue;
    }
    for (std::int64_t n = dice_.between(1, 6); n > 0; --n) append_input();
    if (!faults_.waits()) inject(dice_.chance(50) ? some_fault() : dice_.of(sure));
    run_until(scheduler_.now() + Duration(dice_.between(100, 900)), [] { return false; });
    if (!checker_.violation().empty()) return;
    if (faults_.waits()) inject(dice_.of(sure));
  }
}

void World::run_until(Timestamp end, const std::function<bool()>& done) {
  end_ = end;
  while (scheduler_.now() < end_ && checker_.violation().empty() && !done()) step(end_);
}

void World::step(Timestamp limit) {
  ++steps_;
  Timestamp next = std::min(limit, cluster_.next_tick());
  if (!actions_.empty()) next = std::min(next, std::max(actions_.begin()->first, scheduler_.now()));
  for (const Machine& machine : machines_) {
    if (!machine.streams) next = std::min(next, std::max(machine.start_at, scheduler_.now()));
  }
  if (!scheduler_.run_one(next)) {
    cluster_.tick();
    while (!actions_.empty() && actions_.begin()->first <= scheduler_.now()) {
      const auto action = std::move(actions_.begin()->second);
      actions_.erase(actions_.begin());
      action();
    }
  }
  look_after_machines();
  if (exactly_once_) check(checker_.check_brokers());
}

void World::look_after_machines() {
  for (Machine& machine : machines_) {
    if (machine.streams && machine.streams->process() == killed_process_) {
      killed_process_ = -1;
      kill(machine, Duration(dice_.between(0, 3000)));
    } else if (machine.streams && machine.streams->ended()) {
      finish(machine, Duration(dice_.between(0, 2000)));
    } else if (!machine.streams && machine.start_at <= scheduler_.now()) {
      start(machine);
    }
  }
}

/// The tasks of the one whose turn it was, or of all, since the brokers have something new.
void World::check(bool all) {
  for (const Machine& machine : machines_) {
    if (!machine.streams) continue;
    if (!all && machine.streams->process() != scheduler_.last_process()) continue;
    machine.streams->for_each_task([this](StreamTask& task) { checker_.check_task(task); });
  }
}

std::string World::missing() const {
  return exactly_once_ ? checker_.missing() : at_least_once_.missing();
}

Offset World::progress(const TopicPartition& source) const {
  return exactly_once_ ? checker_.progress(source) : at_least_once_.progress(source);
}

void World::start(Machine& machine) {
  const int process = next_process_++;
  trace("machine " + std::to_string(machine.number) + " starts process " + std::to_string(process));
  SteppedStreams::Options options;
  options.topology = application_->topology;
  options.config = config_of(machine);
  options.wait = wait_;
  options.logger = logger_.get();
  options.seed = dice_.next() | 1U;
  options.on_error = [this](const Error& error) {
    trace("error: " + std::string(error.message()));
    if (error.kind() != ErrorKind::kMachine) checker_.report(std::string(error.message()));
  };
  machine.closing = false;
  machine.streams = std::make_unique<SteppedStreams>(
      std::move(options), Client{scheduler_, cluster_, dice_, faults_, process,
                                 faults::is_active(faults::Mutant::kNoGuard)});
  machine.streams->spawn();
}

void World::finish(Machine& machine, Duration down) {
  const std::uint64_t wipes = machine.streams->wipes();
  rebuilds_ += wipes;
  if (wipes > 0 && !may_rebuild_) checker_.report("a store was wiped that was merely behind");
  machine.streams.reset();
  disk_.release(machine.directory);
  machine.start_at = scheduler_.now() + down;
  cluster_.tick();  // from now on its member is silent
}

void World::kill(Machine& machine, Duration down) {
  trace("process " + std::to_string(machine.streams->process()) + " is killed");
  machine.streams->die();
  scheduler_.kill_process(machine.streams->process());
  finish(machine, down);
}

void World::reach(const char* point) {
  const int process = scheduler_.current_process();
  if (std::string_view(point) == kInProcessor) return stick_in_work();
  if (points_until_kill_ == 0 || process < 0 || --points_until_kill_ > 0) return;
  trace(std::string("kill at ") + point);
  faults_.count(Fault::kKillAtPoint);
  killed_process_ = process;
  for (Machine& machine : machines_) {
    if (machine.streams && machine.streams->process() == process) machine.streams->die();
  }
  throw Killed();
}

/// Idle for hours: the brokers must not forget where the application is.
void World::run_epilogue() {
  if (!dice_.chance(15)) return;
  constexpr Duration kRetention{100LL * 60 * 1000};
  for (int hour = 0; hour < 3; ++hour) {
    scheduler_.leap(Duration(61LL * 60 * 1000));
    // What was open at the leap is over; then there is time to recover and to commit.
    run_until(scheduler_.now() + Duration(40'000), [] { return false; });
    const auto forgotten = cluster_.expire_offsets(kRetention);
    if (!forgotten.empty()) {
      checker_.report("the broker has forgotten the offset of " + forgotten.front().to_string() +
                      " while its task ran");
    }
  }
  faults_.count(Fault::kOffsetExpiry);
}

void World::close_all() {
  for (Machine& machine : machines_) {
    if (machine.streams) machine.streams->request_close();
    machine.start_at = Timestamp::max();
  }
  run_until(scheduler_.now() + kPatience, [this] {
    for (Machine& machine : machines_) machine.start_at = Timestamp::max();
    return std::none_of(machines_.begin(), machines_.end(),
                        [](const Machine& machine) { return machine.streams != nullptr; });
  });
  run_until(scheduler_.now() + transaction_timeout_ + Duration(10'000), [] { return false; });
  if (const auto what = missing(); !what.empty()) checker_.report("after closing: " + what);
}

}  // namespace millstream::simulation
