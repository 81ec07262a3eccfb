#include <millstream/state/errors.h>
#include <millstream/state/task_state.h>

#include "cases.h"
#include "support/temp_dir.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <set>
#include <vector>

namespace millstream::testing {

namespace {

using Random = std::mt19937_64;

/// How the files suffer.
enum class Damage { kTruncate, kFlip, kDelete };
constexpr std::array kDamageNames = {"truncated", "altered", "deleted"};

struct Change {
  std::string key;
  std::optional<std::string> value;
};

/// The changelogs of a task with two stores, and its commits: the truth, made from a seed.
struct History {
  static constexpr std::array<const char*, 2> kStores = {"first", "second"};
  std::array<std::vector<Change>, 2> changelogs;
  std::vector<CommitMark> commits;
  std::array<std::map<std::string, std::string>, 2> rows;

  explicit History(std::uint64_t seed) {
    Random random(seed);
    const auto count = 4 + random() % 50;
    for (std::uint64_t n = 1; n <= count; ++n) {
      for (std::size_t s = 0; s < 2; ++s) {
        for (auto changes = random() % 20; changes > 0; --changes) add(s, random);
      }
      CommitMark mark;
      mark.number = n;
      mark.lineage = "disk";
      for (std::size_t s = 0; s < 2; ++s) {
        mark.changelog_positions[kStores[s]] =
            Offset{static_cast<std::int64_t>(changelogs[s].size())};
      }
      commits.push_back(std::move(mark));
    }
  }
  void add(std::size_t store, Random& random) {
    Change change{"key" + std::to_string(random() % 60), std::nullopt};
    if (random() % 6 != 0) {
      change.value = std::to_string(random()) + std::string(random() % 12'000, 'v');
    }
    if (change.value) {
      rows[store][change.key] = *change.value;
    } else {
      rows[store].erase(change.key);
    }
    changelogs[store].push_back(std::move(change));
  }
};

Result<std::unique_ptr<TaskState>> open_state(const std::string& directory,
                                              RocksResources& resources) {
  TaskStateOptions options;
  options.task = TaskId{0, 0};
  for (const char* store : History::kStores) options.stores.push_back({.name = store});
  options.directory = directory;
  options.resources = &resources;
  return TaskState::open(std::move(options));
}

/// Live through the history's first `until` commits, spilling now and then. The first failure ends
/// it, as it ends a task.
Status live(const History& history, std::size_t until, const std::string& directory, Random& random,
            const std::function<void(std::size_t)>& before_commit) {
  RocksResources resources({.memory_budget = std::size_t{1} << 20U});
  auto state = open_state(directory, resources);
  if (!state) return state.error();
  std::array<std::size_t, 2> at{};
  for (std::size_t n = 0; n < until; ++n) {
    before_commit(n);
    for (std::size_t s = 0; s < 2; ++s) {
      ByteStore& store = (*state)->store(History::kStores[s]);
      const auto end = static_cast<std::size_t>(
          to_int(history.commits[n].changelog_positions.at(History::kStores[s])));
      for (; at[s] < end; ++at[s]) {
        const Change& change = history.changelogs[s][at[s]];
        if (change.value) {
          store.put(change.key, *change.value);
        } else {
          store.erase(change.key);
        }
      }
    }
    (*state)->mark_committed(history.commits[n]);
    if (random() % 3 == 0) MILLSTREAM_TRY((*state)->spill());
  }
  const bool clean = random() % 2 == 0;
  return (*state)->close(clean);
}

/// What a task does when it's opened again: go on from each store's position, then look at all
/// rows. 0: right after replay, 1: right after a rebuild, 2: refused with a message, 3: wrong.
int recover(const History& history, std::size_t until, const std::string& directory) {
  RocksResources resources({.memory_budget = std::size_t{1} << 20U});
  const auto refused = [](const std::string& why) {
    tell(why);
    return why.empty() ? 3 : 2;
  };
  try {
    auto state = open_state(directory, resources);
    if (!state) return refused(std::string(state.error().message()));
    const auto positions = (*state)->restored_positions();
    const CommitMark& last = history.commits[until - 1];
    if ((*state)->stored_mark() && (*state)->stored_mark()->number > last.number) {
      tell("ahead");
      return 3;
    }
    for (std::size_t s = 0; s < 2; ++s) {
      const auto found = positions.find(History::kStores[s]);
      auto at = found == positions.end() ? 0 : to_int(found->second);
      const Offset end = last.changelog_positions.at(History::kStores[s]);
      std::vector<ChangelogRecord> tail;
      for (; at < to_int(end); ++at) {
        const Change& change = history.changelogs[s][static_cast<std::size_t>(at)];
        tail.push_back({change.key, change.value, Timestamp(1)});
      }
      const Status restored = (*state)->restore(History::kStores[s], tail, end);
      if (!restored) return refused(std::string(restored.error().message()));
    }
    const Status finished = (*state)->finish_restore(last);
    if (!finished) return refused(std::string(finished.error().message()));
    std::array<std::map<std::string, std::string>, 2> rows;
    for (std::size_t s = 0; s < 2; ++s) {
      auto walk = (*state)->store(History::kStores[s]).scan({}, {}, Direction::kForward);
      for (; walk->valid(); walk->next()) rows[s].emplace(walk->key(), walk->value());
    }
    if (rows != history.rows) {
      tell("rows differ");
      return 3;
    }
    return positions.empty() ? 1 : 0;
  } catch (const StoreError& error) {
    return refused(error.what());
  }
}

std::vector<std::filesystem::path> files_of(const std::string& directory, const std::string& kind) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    const bool fits = kind == "CURRENT"    ? name == "CURRENT"
                      : kind == "MANIFEST" ? name.starts_with("MANIFEST")
                      : kind == "SST"      ? name.ends_with(".sst")
                                           : name.ends_with(".log");
    if (fits) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool damage(const std::string& directory, const std::string& kind, Damage how, Random& random) {
  const auto files = files_of(directory, kind);
  if (files.empty()) return false;
  const auto& file = files[random() % files.size()];
  const auto size = std::filesystem::file_size(file);
  if (how == Damage::kDelete) return std::filesystem::remove(file);
  if (size == 0) return false;
  if (how == Damage::kTruncate) {
    std::filesystem::resize_file(file, random() % size);
    return true;
  }
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  for (int i = 0; i < 8; ++i) {
    bytes.seekp(static_cast<std::streamoff>(random() % size));
    bytes.put(static_cast<char>(random()));
  }
  return true;
}

/// Live with failing writes; then heal, close as far as that goes.
int live_with_fault(const History& history, const std::string& directory, DiskFault fault,
                    Random& random) {
  const std::size_t when = random() % history.commits.size();
  const int after = static_cast<int>(random() % 6);
  const bool cut = fault == DiskFault::kLostSync;
  const Status lived = live(history, history.commits.size(), directory, random, [&](std::size_t n) {
    if (n != when) return;
    disk().fail(fault, after);
    if (cut && random() % 2 == 0) disk().cut_power();
  });
  if (!lived) tell(std::string(lived.error().message()));
  disk().heal();
  if (cut) disk().restore_power(random);
  return 0;
}

struct Case {
  std::string name;
  std::string kind;  ///< Of a file to damage; empty: a fault while it runs.
  Damage how = Damage::kTruncate;
  DiskFault fault = DiskFault::kNone;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const char* kind : {"WAL", "SST", "MANIFEST", "CURRENT"}) {
    for (const Damage how : {Damage::kTruncate, Damage::kFlip, Damage::kDelete}) {
      cases.push_back(
          {std::string(kind) + "-" + kDamageNames[static_cast<std::size_t>(how)], kind, how});
    }
  }
  cases.push_back({.name = "disk-full", .fault = DiskFault::kNoSpace});
  cases.push_back({.name = "EIO", .fault = DiskFault::kInputOutput});
  cases.push_back({.name = "short-write", .fault = DiskFault::kShortWrite});
  cases.push_back({.name = "power-cut", .fault = DiskFault::kLostSync});
  return cases;
}

}  // namespace

Tally run_disk_cases(const CaseOptions& options) {
  const std::vector<Case> all = all_cases();
  Tally tally{{"cases", 0},   {"replayed", 0}, {"rebuilt", 0},
              {"refused", 0}, {"wrong", 0},    {"aborted_by_rocksdb", 0}};
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::milliseconds(static_cast<std::int64_t>(options.seconds * 1000));
  for (int i = 0; i < options.cases; ++i) {
    if (options.seconds > 0 && std::chrono::steady_clock::now() > end) break;
    const Case& one = all[static_cast<std::size_t>(i) % all.size()];
    const std::uint64_t seed = options.seed + static_cast<std::uint64_t>(i);
    Random random(seed);
    const History history(seed);
    const TempDir scratch;
    const std::string directory = scratch / "state";
    const ChildEnd first = run_child([&] {
      if (one.fault != DiskFault::kNone)
        return live_with_fault(history, directory, one.fault, random);
      const Status lived =
          live(history, history.commits.size(), directory, random, [](std::size_t) {});
      if (!lived) tell(std::string(lived.error().message()));
      return lived ? 0 : 1;
    });
    if (first.signal != 0) ++tally["aborted_by_rocksdb"];
    if (!one.kind.empty()) damage(directory, one.kind, one.how, random);
    const ChildEnd second =
        run_child([&] { return recover(history, history.commits.size(), directory); });
    ++tally["cases"];
    if (second.status == 0) ++tally["replayed"];
    if (second.status == 1) ++tally["rebuilt"];
    // An assertion of RocksDB while it opens damaged files ends the process: it says why itself.
    if (second.status == 2 || second.signal != 0) ++tally["refused"];
    if (second.status == 3 || second.status > 3) {
      ++tally["wrong"];
      std::printf("seed %llu, %s: %s\n", static_cast<unsigned long long>(seed), one.name.c_str(),
                  second.said.c_str());
    }
    ++tally["case_" + one.name];
  }
  tally["failed"] = tally["wrong"];
  return tally;
}

}  // namespace millstream::testing
