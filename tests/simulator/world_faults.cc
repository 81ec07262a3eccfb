// What goes wrong in a World.
#include "world.h"

#include <algorithm>
#include <utility>

namespace millstream::simulation {

namespace {
constexpr Duration kTwoDays{48LL * 3600 * 1000};
constexpr Duration kTombstones{24LL * 3600 * 1000};
constexpr Duration kForever{1000LL * 24 * 3600 * 1000};
}  // namespace

World::Machine* World::random_running() {
  std::vector<Machine*> running;
  for (Machine& machine : machines_) {
    if (machine.streams && !machine.streams->ended()) running.push_back(&machine);
  }
  return running.empty() ? nullptr : dice_.of(running);
}

void World::inject(Fault fault) {
  if (!exactly_once_ && faults_.total() == 0) {
    if (auto what = at_least_once_.repeated(); !what.empty()) checker_.report(std::move(what));
  }
  trace("fault " + std::string(kFaultNames[static_cast<std::size_t>(fault)]));
  switch (fault) {
    case Fault::kKill:
    case Fault::kMachineLoss:
    case Fault::kDiskLoss:
    case Fault::kStop:
    case Fault::kCloseAndStart:
      return inject_into_machine(fault);
    case Fault::kKillAtPoint:
      points_until_kill_ = static_cast<int>(dice_.between(1, 30));
      return;
    case Fault::kLostRequest:
    case Fault::kLostAnswer:
    case Fault::kLateRequest:
    case Fault::kFailedRecord:
    case Fault::kUnknownOutcome:
    case Fault::kFailedAdmin:
    case Fault::kRefusedOffsets:
      return faults_.arm(fault);
    case Fault::kStuckWork:
      faults_.arm(fault);
      return append_input();
    case Fault::kNoTransactions:
      return cluster_.lose_transaction_coordinator(Duration(dice_.between(100, 4000)));
    case Fault::kNoGroups:
      return cluster_.lose_group_coordinator(Duration(dice_.between(100, 4000)));
    case Fault::kSlowMarkers:
      return cluster_.slow_next_markers(Duration(dice_.between(300, 6000)));
    case Fault::kTransactionTimeout:
      return time_out_a_transaction(50);
    case Fault::kOffsetMovedBack:
    case Fault::kOffsetSet:
      return inject_while_down(fault);
    case Fault::kOldTombstones:
      return pass_two_days();
    case Fault::kOffsetExpiry:
      return;  // the epilogue's
    default:
      break;
  }
  if (random_running() == nullptr) return;
  faults_.count(fault);
  if (fault == Fault::kRebalance) cluster_.group().shuffle();
  if (fault == Fault::kCompaction) compact(kForever);
}

void World::inject_into_machine(Fault fault) {
  Machine* machine = random_running();
  if (machine == nullptr) return;
  faults_.count(fault);
  const int process = machine->streams->process();
  if (fault == Fault::kStop) {
    scheduler_.stop_process(process, scheduler_.now() + Duration(dice_.between(200, 13'000)));
    return cluster_.tick();
  }
  if (fault == Fault::kCloseAndStart) return machine->streams->request_close();
  kill(*machine, Duration(dice_.between(0, 3000)));
  if (fault == Fault::kMachineLoss) disk_.lose_power(machine->directory, dice_);
  if (fault == Fault::kDiskLoss) disk_.lose_files(machine->directory);
}

/// Nothing runs; once nothing is undecided any more, an offset is changed behind its back.
void World::inject_while_down(Fault fault) {
  const Duration down = transaction_timeout_ + session_ + Duration(12'000);
  for (Machine& machine : machines_) {
    if (machine.streams) kill(machine, down);
    machine.start_at = scheduler_.now() + down + Duration(dice_.between(0, 500));
  }
  at(scheduler_.now() + down - Duration(100), [this, fault] {
    for (auto& [partition, committed] : cluster_.committed()) {
      const bool input = std::find(application_->inputs.begin(), application_->inputs.end(),
                                   partition.topic) != application_->inputs.end();
      if (!input || dice_.chance(30)) continue;
      if (fault == Fault::kOffsetMovedBack) {
        if (committed.before.metadata.empty()) continue;
        committed.value = committed.before;
        checker_.note_moved_back(partition);
        cluster_.touch();
        faults_.count(fault);
        return;
      }
      const Offset done = progress(partition);
      const Offset end = cluster_.log(partition).end();
      // A table's changelog brings back what its source has passed over: no one answer is right.
      if (application_->name == "source-as-changelog" || done >= end) continue;
      const Offset to = done + dice_.between(1, to_int(end) - to_int(done));
      checker_.note_offset_set(partition, to);
      committed.value = {to, ""};
      committed.before = {};
      cluster_.touch();
      faults_.count(fault);
      trace("offset of " + partition.to_string() + " set to " + std::to_string(to_int(to)));
      return;
    }
  });
}

/// The user's code of one record takes longer than anybody waits for it, and meanwhile the tasks go
/// to others.
void World::stick_in_work() {
  if (!faults_.hit(Fault::kStuckWork)) return;
  constexpr Duration kLongerThanPatience{610'000};
  at(scheduler_.now() + Duration(dice_.between(0, 2000)), [this] { cluster_.group().shuffle(); });
  end_ = std::max(end_, scheduler_.now() + kLongerThanPatience + Duration(5000));
  scheduler_.sleep(kLongerThanPatience + Duration(dice_.between(0, 30'000)));
}

/// One machine is down for two days while the others go on; what was deleted meanwhile is nowhere
/// to be read any more.
void World::pass_two_days() {
  Machine* machine = random_running();
  if (machine == nullptr) return;
  faults_.count(Fault::kOldTombstones);
  const Duration down{8000};
  kill(*machine, down);
  // Something happens that it misses.
  for (int i = 0; i < 4; ++i) {
    at(scheduler_.now() + Duration(dice_.between(1000, 3500)), [this] { append_input(); });
  }
  at(scheduler_.now() + Duration(4000), [this] {
    may_rebuild_ = true;
    cluster_.write_markers();
    scheduler_.leap(kTwoDays);
    for (Machine& one : machines_) {
      if (!one.streams && one.start_at != Timestamp::max()) one.start_at = one.start_at + kTwoDays;
    }
    // What else was to come, comes after it.
    std::multimap<Timestamp, std::function<void()>> later;
    for (auto& [time, action] : actions_) later.emplace(time + kTwoDays, std::move(action));
    actions_ = std::move(later);
    end_ = end_ + kTwoDays;
    if (exactly_once_) checker_.check_brokers();
    compact(kTombstones);
  });
}

void World::compact(Duration tombstone_retention) {
  cluster_.compact(tombstone_retention, [this](const TopicPartition& partition) {
    const bool input = std::find(application_->inputs.begin(), application_->inputs.end(),
                                 partition.topic) != application_->inputs.end();
    // Of an input, only what has been consumed: the model wants to see every record.
    if (input) return progress(partition);
    // An interrupted commit's records are in the segment that is written to, which isn't cleaned.
    if (!exactly_once_) return at_least_once_.committed_end(partition);
    // Also every commit record: reading these waits for the changelogs' markers.
    return std::min(checker_.read_up_to(partition), cluster_.log(partition).end());
  });
}

void World::time_out_a_transaction(int tries) {
  if (cluster_.time_out_a_transaction()) {
    faults_.count(Fault::kTransactionTimeout);
  } else if (tries > 0) {
    at(scheduler_.now() + Duration(7), [this, tries] { time_out_a_transaction(tries - 1); });
  }
}

}  // namespace millstream::simulation
