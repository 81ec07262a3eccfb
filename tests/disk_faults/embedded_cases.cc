#include <millstream/transport/embedded_broker.h>
#include <millstream/transport/open_broker.h>

#include "cases.h"
#include "support/temp_dir.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <vector>

#include <unistd.h>

namespace millstream::testing {

namespace {

using Random = std::mt19937_64;

constexpr PartitionId kPartitions = 2;
const std::vector<TopicPartition> kLogs{{"a", 0}, {"a", 1}, {"b", 0}};

Result<std::unique_ptr<Broker>> open_log(const std::string& directory) {
  static const SystemClock clock;
  static NullLogger logger;
  return open_broker({{"bootstrap.servers", "embedded:" + directory}}, clock, logger);
}

bool create(Broker& broker, const std::string& name) {
  const std::vector<NewTopic> topics{{.name = name, .partitions = kPartitions}};
  return static_cast<bool>(broker.admin().create_topics(topics));
}

/// The committed records of a partition as text.
std::vector<std::pair<std::string, std::string>> read(Broker& broker, const TopicPartition& from) {
  std::vector<std::pair<std::string, std::string>> records;
  auto consumer = broker.make_consumer({});
  const std::vector<PartitionPosition> start{{from, Offset{0}}};
  if (!consumer || !(*consumer)->assign(start)) return records;
  while (true) {
    auto batches = (*consumer)->poll(10'000, Duration(0));
    if (!batches || batches->empty()) return records;
    for (const auto& batch : *batches) {
      for (const FetchedRecord& record : batch->records()) {
        records.emplace_back(record.key.value_or(""), record.value.value_or(""));
      }
    }
  }
}

std::int64_t committed_count(Broker& broker) {
  const auto offsets = broker.admin().committed_offsets("g", {&kLogs[0], 1});
  return offsets && !offsets->empty() ? to_int(offsets->begin()->second.offset) : 0;
}

/// Commit transaction after transaction: the n-th writes n to each log, and n + 1 as the group's
/// offset. Tells `d` after what is durable for sure, `n` after each commit.
int commit_for_ever(const std::string& directory, std::uint64_t sync_every, std::int64_t most,
                    const std::function<void(std::int64_t done)>& committed) {
  auto broker = open_log(directory);
  if (!broker) {
    tell("!" + std::string(broker.error().message()));
    return 1;
  }
  if (!create(**broker, "a") || !create(**broker, "b")) return 1;
  std::int64_t n = committed_count(**broker);
  const std::int64_t end = n + most;
  ProducerOptions options;
  options.transactional_id = "child";
  const auto out = std::move(*(*broker)->make_producer(options));
  if (!out->init_transactions()) return 1;
  for (; n < end; ++n) {
    const bool aborts = n % 13 == 7;
    for (int round = 0; round < (aborts ? 2 : 1); ++round) {
      if (!out->begin_transaction()) return 1;
      const std::string value = std::to_string(n);
      for (const TopicPartition& to : kLogs) {
        if (!out->produce({to.topic, to.partition, value, value, Timestamp(1), nullptr})) return 1;
      }
      if (!out->flush()) return 1;
      if (aborts && round == 0 && !out->abort_transaction()) return 1;
    }
    out->submit_commit("g", {{kLogs[0], {Offset{n + 1}, ""}}}, {});
    if (!*out->commit_result(Duration(0))) return 1;
    tell("n" + std::to_string(n + 1) + "\n");
    if (sync_every > 0 && static_cast<std::uint64_t>(n) % sync_every == 0) {
      if (!(*broker)->sync()) return 1;
      tell("d" + std::to_string(n + 1) + "\n");
    }
    committed(n + 1);
  }
  ::_exit(0);  // no clean close
}

/// The last number that was told with this letter.
std::int64_t last_told(const std::string& said, char letter) {
  std::int64_t last = 0;
  for (std::size_t at = 0; at < said.size();) {
    const std::size_t line_end = said.find('\n', at);
    if (line_end == std::string::npos) break;
    if (said[at] == letter) last = std::stoll(said.substr(at + 1, line_end - at - 1));
    at = line_end + 1;
  }
  return last;
}

/// Each log holds 0, 1, 2, ... once, as many as the group's offset says, and at least `least`.
std::string look_at_logs(const std::string& directory, std::int64_t least, std::int64_t most) {
  auto broker = open_log(directory);
  if (!broker) return "refused: " + std::string(broker.error().message());
  const std::int64_t n = committed_count(**broker);
  if (n < least || n > most) {
    return "lost: " + std::to_string(n) + " commits of " + std::to_string(least);
  }
  for (const TopicPartition& log : kLogs) {
    if (n == 0) break;
    const auto records = read(**broker, log);
    if (static_cast<std::int64_t>(records.size()) != n) {
      return log.to_string() + " has " + std::to_string(records.size()) + " records of " +
             std::to_string(n);
    }
    for (std::int64_t i = 0; i < n; ++i) {
      if (records[static_cast<std::size_t>(i)].second != std::to_string(i)) {
        return log.to_string() + " is wrong at " + std::to_string(i);
      }
    }
  }
  return {};
}

bool out_of_time(std::chrono::steady_clock::time_point began, const CaseOptions& options) {
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - began;
  return options.seconds > 0 && spent.count() > options.seconds;
}

void note_wrong(Tally& tally, std::uint64_t seed, const std::string& what) {
  ++tally["failed"];
  std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), what.c_str());
}

}  // namespace

Tally run_kill_cycles(const CaseOptions& options) {
  constexpr int kCyclesOfALog = 40;
  Tally tally{{"cycles", 0}, {"commits", 0}, {"failed", 0}};
  const auto began = std::chrono::steady_clock::now();
  Random random(options.seed);
  std::unique_ptr<TempDir> scratch;
  std::int64_t before = 0;
  for (int cycle = 0; cycle < options.cases && !out_of_time(began, options); ++cycle) {
    if (cycle % kCyclesOfALog == 0) {
      scratch = std::make_unique<TempDir>();
      before = 0;
    }
    const std::string directory = *scratch / "log";
    const ChildEnd end = run_child_and_kill(
        [&] { return commit_for_ever(directory, 29, 1'000'000, [](std::int64_t) {}); },
        4000 + random() % 45'000);
    const std::int64_t acknowledged = std::max(last_told(end.said, 'n'), before);
    std::string wrong = end.signal == 0 ? "the child ended by itself: " + end.said : "";
    if (wrong.empty() && std::filesystem::exists(directory)) {
      wrong = look_at_logs(directory, acknowledged, acknowledged + 1);
    }
    ++tally["cycles"];
    tally["commits"] += static_cast<std::uint64_t>(acknowledged - before);
    before = acknowledged;
    if (!wrong.empty()) {
      note_wrong(tally, options.seed, "cycle " + std::to_string(cycle) + ": " + wrong);
      break;
    }
    // A commit that wasn't acknowledged may be there: the child goes on from it.
    if (std::filesystem::exists(directory)) {
      auto broker = open_log(directory);
      if (broker) before = committed_count(**broker);
    }
  }
  return tally;
}

namespace {

/// A power cut under the log: what was durable is there, and whole transactions only. A disk that
/// lied about it is noticed.
std::string cut_power_of_log(const std::string& directory, std::uint64_t seed, Tally& tally) {
  Random random(seed);
  const std::uint64_t sync_every = 3 + random() % 20;
  const auto commits = static_cast<std::int64_t>(5 + random() % 80);
  const bool lying = random() % 4 == 0;
  const ChildEnd end = run_child([&] {
    const int status = commit_for_ever(directory, sync_every, commits, [&](std::int64_t n) {
      if (lying && n == commits / 2) disk().fail(DiskFault::kLostSync, 0);
      if (n == commits) disk().lose_unsynced(random);
    });
    return status;
  });
  if (end.status != 0) return "the log failed before the power cut: " + end.said;
  std::string found;
  const ChildEnd look = run_child([&] {
    tell(look_at_logs(directory, lying ? 0 : last_told(end.said, 'd'), commits));
    return 0;
  });
  ++tally[lying ? "log_cuts_with_lost_syncs" : "log_cuts"];
  const bool refused = look.said.starts_with("refused");
  if (refused) ++tally["refused"];
  return refused && lying ? std::string() : look.said;
}

}  // namespace

Tally run_power_cuts(const CaseOptions& options) {
  Tally tally{{"cases", 0}, {"refused", 0}, {"failed", 0}};
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < options.cases && !out_of_time(began, options); ++i) {
    const std::uint64_t seed = options.seed + static_cast<std::uint64_t>(i);
    const TempDir scratch;
    const std::string wrong = i % 4 == 3 ? cut_power_of_application(scratch.path(), seed, tally)
                                         : cut_power_of_log(scratch / "log", seed, tally);
    ++tally["cases"];
    if (!wrong.empty()) note_wrong(tally, seed, wrong);
  }
  return tally;
}

}  // namespace millstream::testing
