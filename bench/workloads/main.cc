// Runs one of the benchmark's workloads until it is told to stop. On standard output:
//   BENCH running MS                 since the epoch, when the instance was RUNNING first
//   BENCH first MS                   when its first batch of input had been fetched
//   BENCH restore RECORDS BEGIN END  of all stores so far

#include <millstream/core/metrics.h>
#include <millstream/runtime/kafka_streams.h>

#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "workload.h"

namespace {

using namespace std::chrono_literals;
using millstream::Config;
using millstream::KafkaStreams;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Prints each line at once: the harness reads along.
class Reporter {
 public:
  void running() {
    const std::scoped_lock lock(mutex_);
    if (!running_) std::cout << "BENCH running " << now_ms() << std::endl;
    running_ = true;
  }
  void first_batch() {
    const std::scoped_lock lock(mutex_);
    std::cout << "BENCH first " << now_ms() << std::endl;
  }
  void restore_begins() {
    const std::scoped_lock lock(mutex_);
    if (restore_began_ == 0) restore_began_ = now_ms();
  }
  void restore_ends(std::uint64_t records) {
    const std::scoped_lock lock(mutex_);
    restored_ += records;
    std::cout << "BENCH restore " << restored_ << ' ' << restore_began_ << ' ' << now_ms()
              << std::endl;
  }

 private:
  std::mutex mutex_;
  bool running_ = false;
  std::int64_t restore_began_ = 0;
  std::uint64_t restored_ = 0;
};

KafkaStreams::Options observed_by(Reporter& reporter) {
  KafkaStreams::Options options;
  options.on_state = [&reporter](KafkaStreams::State now, KafkaStreams::State) {
    if (now == KafkaStreams::State::kRunning) reporter.running();
  };
  options.restore.on_restore_start = [&reporter](auto&&...) { reporter.restore_begins(); };
  options.restore.on_restore_end = [&reporter](auto, const auto&, std::uint64_t records) {
    reporter.restore_ends(records);
  };
  return options;
}

/// Waits for the first fetched record beside the stream threads, which so have nothing to do for
/// it.
void watch_input(const std::stop_token& stop, KafkaStreams& app, const workload::Topics& topics,
                 Reporter& reporter) {
  std::vector<const millstream::Counter*> fetched;
  for (const std::string& topic : {topics.input, topics.input2, topics.table}) {
    fetched.push_back(&app.metrics().counter("millstream_records_fetched_total",
                                             "Records fetched from source topics.",
                                             {{"topic", topic}}));
  }
  while (!stop.stop_requested()) {
    for (const auto* counter : fetched) {
      if (counter->value() > 0) return reporter.first_batch();
    }
    std::this_thread::sleep_for(1ms);
  }
}

int run(const std::string& name, const workload::Topics& topics, Config config) {
  using Workload = void (*)(workload::StreamsBuilder&, const workload::Topics&);
  static const std::map<std::string, Workload> kWorkloads{
      {"w1", workload::w1}, {"w2", workload::w2}, {"w3", workload::w3}, {"w4", workload::w4},
      {"w5", workload::w5}, {"w6", workload::w6}, {"w7", workload::w7}};
  const auto found = kWorkloads.find(name);
  if (found == kWorkloads.end()) {
    std::cerr << "there is no workload " << name << ": take one of w1 to w7\n";
    return 2;
  }
  workload::StreamsBuilder builder;
  found->second(builder, topics);
  Reporter reporter;
  KafkaStreams app(builder.build(), std::move(config), observed_by(reporter));
  const std::jthread watcher(
      [&](const std::stop_token& stop) { watch_input(stop, app, topics, reporter); });
  return app.run();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App cli("One of the workloads of the benchmark beside Kafka Streams.");
  std::string name;
  std::string guarantee = "alos";
  workload::Topics topics;
  std::map<std::string, std::string> settings;
  std::vector<std::string> extra;
  cli.add_option("--workload", name, "w1 ... w7")->required();
  cli.add_option("--guarantee", guarantee, "alos or eos")->check(CLI::IsMember({"alos", "eos"}));
  cli.add_option("--input", topics.input)->required();
  cli.add_option("--output", topics.output)->required();
  cli.add_option("--input2", topics.input2, "the right side of w7");
  cli.add_option("--table", topics.table, "the table of w6");
  cli.add_option("--bootstrap", settings["bootstrap.servers"])->required();
  cli.add_option("--app-id", settings["application.id"])->required();
  cli.add_option("--state-dir", settings["state.dir"])->required();
  cli.add_option("--commit-ms", settings["commit.interval.ms"]);
  cli.add_option("--threads", settings["num.stream.threads"]);
  cli.add_option("--cache-bytes", settings["statestore.cache.max.bytes"]);
  cli.add_option("-X", extra, "any other setting: KEY=VALUE");
  CLI11_PARSE(cli, argc, argv);

  Config config;
  for (auto& [key, value] : settings) {
    if (!value.empty()) config.set(key, std::move(value));
  }
  config.set("processing.guarantee", guarantee == "eos" ? "exactly_once_v2" : "at_least_once");
  for (const std::string& argument : extra) {
    if (const millstream::Status status = config.set_from_argument(argument); !status) {
      std::cerr << status.error().message() << '\n';
      return 2;
    }
  }
  return run(name, topics, std::move(config));
}
