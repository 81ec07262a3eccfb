#include <millstream/runtime/kafka_streams.h>
#include <millstream/transport/open_broker.h>

#include "cases.h"
#include "counting.h"
#include "distant_broker.h"
#include "support/eventually.h"
#include "support/temp_dir.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include <unistd.h>

namespace millstream::testing {

namespace {

using Random = std::mt19937_64;

/// An application that counts, on an embedded log of its own: what a child process runs.
class CountingRun {
 public:
  explicit CountingRun(std::string scratch) : scratch_(std::move(scratch)) {
    auto broker =
        open_broker({{"bootstrap.servers", "embedded:" + scratch_ + "/log"}}, clock_, logger_);
    if (!broker) throw std::runtime_error(std::string(broker.error().message()));
    broker_ = std::move(*broker);
    const std::vector<NewTopic> topics{{.name = "in", .partitions = 2},
                                       {.name = "out", .partitions = 2}};
    const Status created = broker_->admin().create_topics(topics);
    if (!created) throw std::runtime_error(std::string(created.error().message()));
  }

  Broker& broker() { return *broker_; }
  /// From the next application on.
  void move_broker_away() { broker_ = std::make_unique<DistantBroker>(std::move(broker_)); }

  std::unique_ptr<KafkaStreams> start(const std::string& state,
                                      KafkaStreams::Options options = {}) {
    Config config{{"application.id", "counting"},
                  {"state.dir", scratch_ + "/" + state},
                  {"processing.guarantee", "exactly_once_v2"},
                  {"commit.interval.ms", "10"},
                  {"num.stream.threads", "2"}};
    options.broker = broker_.get();
    options.logger = &logger_;
    auto app = std::make_unique<KafkaStreams>(counting_topology("in", "out").build(),
                                              std::move(config), std::move(options));
    const Status started = app->start();
    if (!started) throw std::runtime_error(std::string(started.error().message()));
    return app;
  }

  /// Write `count` records of `keys` keys in turn, from the `first`-th on.
  void feed(std::int64_t first, std::int64_t count, std::int64_t keys) {
    auto out = broker_->make_producer({});
    if (!out) throw std::runtime_error("no producer");
    for (std::int64_t i = first; i < first + count; ++i) {
      const std::string key = "k" + std::to_string(i % keys);
      static_cast<void>(
          (*out)->produce({.topic = "in", .key = key, .value = "v", .timestamp = Timestamp(1)}));
    }
    if (!(*out)->flush()) throw std::runtime_error("the records weren't written");
  }

  [[nodiscard]] std::int64_t end_of(const std::string& topic) {
    std::int64_t sum = 0;
    const std::vector<TopicPartition> both{{topic, 0}, {topic, 1}};
    const auto ends = broker_->admin().end_offsets(both, Isolation::kReadCommitted);
    if (!ends) return -1;
    for (const auto& [partition, end] : *ends) sum += to_int(end);
    return sum;
  }
  [[nodiscard]] bool caught_up() { return end_of("out") == end_of("in"); }

  /// Each key's outputs are 1, 2, 3, ... as often as it came in; what is wrong, if anything.
  std::string look() {
    std::map<std::string, std::int64_t> in;
    std::map<std::string, std::int64_t> out;
    std::string wrong;
    for_each("in", [&](const std::string& key, std::string_view) { ++in[key]; });
    for_each("out", [&](const std::string& key, std::string_view value) {
      const std::int64_t count = read_big_endian<std::int64_t>(value);
      if (count != out[key] + 1 && wrong.empty()) {
        wrong = key + " has " + std::to_string(count) + " after " + std::to_string(out[key]);
      }
      out[key] = count;
    });
    if (wrong.empty() && in != out) wrong = "outputs don't cover the input";
    return wrong;
  }

 private:
  void for_each(const std::string& topic,
                const std::function<void(const std::string&, std::string_view)>& visit) {
    auto consumer = broker_->make_consumer({});
    const std::vector<PartitionPosition> start{{{topic, 0}, Offset{0}}, {{topic, 1}, Offset{0}}};
    if (!consumer || !(*consumer)->assign(start)) throw std::runtime_error("no consumer");
    while (true) {
      auto batches = (*consumer)->poll(10'000, Duration(0));
      if (!batches || batches->empty()) return;
      for (const auto& batch : *batches) {
        for (const FetchedRecord& r : batch->records()) visit(std::string(*r.key), *r.value);
      }
    }
  }

  std::string scratch_;
  SystemClock clock_;
  NullLogger logger_;
  std::unique_ptr<Broker> broker_;
};

std::uint64_t wipes_of(KafkaStreams& app) {
  std::uint64_t wipes = 0;
  app.metrics().visit([&](std::string_view name, std::string_view, const Metrics::Sample& sample) {
    if (name == "millstream_state_wipes_total") wipes += sample.counter->value();
  });
  return wipes;
}

/// Run until everything is counted; what is wrong, if anything.
std::string finish(const std::string& scratch, bool may_wipe) {
  CountingRun run(scratch);
  const auto app = run.start("state");
  if (!eventually([&] { return run.caught_up() || app->state() == KafkaStreams::State::kError; })) {
    return "it doesn't catch up";
  }
  if (app->error().is_set()) return std::string(app->error().message());
  if (!may_wipe && wipes_of(*app) > 0) return "a store was wiped that was merely behind";
  app->close();
  return run.look();
}

/// Feed and run for some milliseconds; `meanwhile` happens in the middle.
int work(const std::string& scratch, Random& random, const std::function<void(CountingRun&)>& end) {
  CountingRun run(scratch);
  const auto app = run.start("state");
  const std::uint64_t rounds = 3 + random() % 12;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    run.feed(run.end_of("in"), 40, 10);
    ::usleep(static_cast<useconds_t>(random() % 15'000));
  }
  end(run);
  return 0;
}

}  // namespace

std::string cut_power_of_application(const std::string& scratch, std::uint64_t seed, Tally& tally) {
  Random random(seed);
  const ChildEnd cut = run_child([&] {
    return work(scratch, random, [&](CountingRun&) {
      disk().lose_power_for_good(random);
      ::_exit(0);
    });
  });
  if (cut.status != 0) return "it failed before the power cut: " + cut.said;
  const ChildEnd end = run_child([&] {
    tell(finish(scratch, false));
    return 0;
  });
  ++tally["application_cuts"];
  if (end.status != 0) return "it died after the power cut: " + end.said;
  return end.said;
}

namespace {

/// Whether an application comes to a point only in a certain situation.
enum class Situation { kRunning, kBrokerFarAway, kRestarting, kSecondInstance, kLogFallenBack };

struct FailPoint {
  const char* name;
  Situation situation;
};
constexpr std::array kFailPoints = {
    FailPoint{"commit-begins", Situation::kRunning},
    FailPoint{"changes-flushed", Situation::kRunning},
    FailPoint{"commit-written", Situation::kRunning},
    FailPoint{"commit-submitted", Situation::kRunning},
    FailPoint{"commit-acknowledged", Situation::kRunning},
    FailPoint{"task-committed", Situation::kRunning},
    FailPoint{"commit-settled", Situation::kBrokerFarAway},
    FailPoint{"held-released", Situation::kBrokerFarAway},
    FailPoint{"abort-begins", Situation::kBrokerFarAway},
    FailPoint{"abort-sent", Situation::kBrokerFarAway},
    FailPoint{"state-opened", Situation::kRestarting},
    FailPoint{"restore-applied", Situation::kRestarting},
    FailPoint{"restore-finishes", Situation::kRestarting},
    FailPoint{"restore-finished", Situation::kRestarting},
    FailPoint{"spill-begins", Situation::kRestarting},
    FailPoint{"spill-written", Situation::kRestarting},
    FailPoint{"revoked", Situation::kSecondInstance},
    FailPoint{"revoke-committed", Situation::kSecondInstance},
    FailPoint{"wipe-begins", Situation::kLogFallenBack},
    FailPoint{"wipe-flagged", Situation::kLogFallenBack},
    FailPoint{"state-wiped", Situation::kLogFallenBack},
};

/// What comes before: a killed run, and for some points a log that has fallen back behind the
/// store, which has all that was committed.
void prepare(const FailPoint& point, const std::string& scratch, Random& random) {
  if (point.situation != Situation::kRestarting && point.situation != Situation::kLogFallenBack) {
    return;
  }
  static_cast<void>(run_child([&] {
    return work(scratch, random, [](CountingRun& run) {
      static_cast<void>(eventually([&] { return run.caught_up(); }));
      static_cast<void>(run.broker().sync());
      ::_exit(0);
    });
  }));
  if (point.situation != Situation::kLogFallenBack) return;
  namespace fs = std::filesystem;
  fs::copy(scratch + "/log", scratch + "/old-log", fs::copy_options::recursive);
  static_cast<void>(run_child([&] {
    return work(scratch, random, [](CountingRun& run) {
      static_cast<void>(eventually([&] { return run.caught_up(); }));
    });
  }));
  fs::remove_all(scratch + "/log");
  fs::rename(scratch + "/old-log", scratch + "/log");
}

/// A point that isn't reached within this isn't reached at all.
constexpr std::chrono::seconds kComesToPoint{30};

std::string kill_at_point(const FailPoint& point, const std::string& scratch, Random& random) {
  prepare(point, scratch, random);
  // Other situations come once; with one task or the other, as the threads run.
  const bool often =
      point.situation == Situation::kRunning || point.situation == Situation::kBrokerFarAway;
  const int times = often ? 1 + static_cast<int>(random() % 8) : 1;
  const ChildEnd killed = run_child([&] {
    kill_at(point.name, times);
    CountingRun run(scratch);
    if (point.situation == Situation::kBrokerFarAway) run.move_broker_away();
    const auto app = run.start("state");
    std::unique_ptr<KafkaStreams> second;
    const auto began = std::chrono::steady_clock::now();
    for (int round = 0; std::chrono::steady_clock::now() - began < kComesToPoint; ++round) {
      run.feed(run.end_of("in"), 20, 10);
      ::usleep(5000);
      if (point.situation == Situation::kSecondInstance && round == 4) second = run.start("second");
    }
    return 0;
  });
  if (killed.signal == 0) {
    return std::string("never came to ") + point.name + ": " + killed.said;
  }
  const ChildEnd end = run_child([&] {
    tell(finish(scratch, point.situation == Situation::kLogFallenBack));
    return 0;
  });
  if (end.status != 0) return "it died after the kill: " + end.said;
  return end.said;
}

}  // namespace

Tally run_fail_points(const CaseOptions& options) {
  Tally tally{{"points", kFailPoints.size()}, {"kills", 0}, {"failed", 0}};
  Random random(options.seed);
  for (int round = 0; round < options.cases; ++round) {
    for (const FailPoint& point : kFailPoints) {
      const TempDir scratch;
      const std::string wrong = kill_at_point(point, scratch.path(), random);
      ++tally["kills"];
      if (wrong.empty()) continue;
      ++tally["failed"];
      std::printf("seed %llu, round %d, %s: %s\n", static_cast<unsigned long long>(options.seed),
                  round, point.name, wrong.c_str());
    }
  }
  return tally;
}

Tally run_restart(const CaseOptions& options) {
  Tally tally{{"keys", static_cast<std::uint64_t>(options.cases)}, {"failed", 0}};
  const TempDir scratch;
  constexpr std::int64_t kTail = 2000;
  const ChildEnd first = run_child([&] {
    CountingRun run(scratch.path());
    const auto app = run.start("state");
    run.feed(0, options.cases, options.cases);
    if (!eventually([&] { return run.caught_up(); }, std::chrono::minutes(10))) return 1;
    // Time to be written behind; then a little more that isn't.
    ::usleep(7'000'000);
    run.feed(0, kTail, options.cases);
    if (!eventually([&] { return run.caught_up(); })) return 1;
    kill(::getpid(), SIGKILL);
    return 0;
  });
  if (first.signal != SIGKILL) {
    ++tally["failed"];
    std::printf("the first run failed: %s\n", first.said.c_str());
    return tally;
  }
  const ChildEnd second = run_child([&] {
    const auto began = std::chrono::steady_clock::now();
    CountingRun run(scratch.path());
    std::atomic<std::int64_t> tail{0};
    KafkaStreams::Options more;
    more.restore.on_restore_start = [&](TaskId, const std::string&, Offset from, Offset end) {
      tail += to_int(end) - to_int(from);
    };
    const auto app = run.start("state", std::move(more));
    const bool running = eventually([&] { return app->state() == KafkaStreams::State::kRunning; });
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
    tell(std::to_string(static_cast<std::int64_t>(took.count())) + " " + std::to_string(tail) +
         " " + std::to_string(wipes_of(*app)));
    return running ? 0 : 1;
  });
  long long took = -1;
  long long tail = -1;
  long long wipes = -1;
  std::sscanf(second.said.c_str(), "%lld %lld %lld", &took, &tail, &wipes);
  const bool good =
      second.status == 0 && took >= 0 && took < 2000 && wipes == 0 && tail < options.cases / 10;
  tally["ready_ms"] = static_cast<std::uint64_t>(std::max(took, 0LL));
  tally["tail_replayed"] = static_cast<std::uint64_t>(std::max(tail, 0LL));
  if (!good) {
    ++tally["failed"];
    std::printf("restart: %s\n", second.said.c_str());
  }
  return tally;
}

}  // namespace millstream::testing
