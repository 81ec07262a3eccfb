#pragma once

#include <millstream/core/log.h>
#include <millstream/core/metrics.h>
#include <millstream/core/serdes.h>
#include <millstream/operators/streams_builder.h>
#include <millstream/runtime/record_collector.h>
#include <millstream/runtime/stream_task.h>
#include <millstream/state/task_state.h>
#include <millstream/testing/topology_test_driver.h>
#include <millstream/transport/broker.h>

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace millstream::bench {

using Text = std::string;
using Numbers = KStream<Text, std::int64_t>;
using NumberTable = KTable<Text, std::int64_t>;

inline constexpr std::size_t kBatch = 1000;
inline constexpr std::size_t kKeys = 1000;

/// Ends a stream: what comes is looked at, so that nothing is optimised away.
inline constexpr auto kSink = [](const auto& key, const auto& value) {
  benchmark::DoNotOptimize(&key);
  benchmark::DoNotOptimize(&value);
};

/// A batch of records of 1,000 keys in turn, `step` ms apart, whose value is the integer 1.
class NumberBatch final : public FetchedBatch {
 public:
  NumberBatch(const TopicPartition& partition, std::int64_t first, std::int64_t offset_in_time)
      : partition_(partition), records_(kBatch) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      const std::int64_t number = first + static_cast<std::int64_t>(i);
      records_[i].offset = Offset{number};
      records_[i].timestamp = Timestamp(2 * number + offset_in_time);
      records_[i].key = keys()[static_cast<std::size_t>(number) % kKeys];
      records_[i].value = kOne;
    }
  }
  [[nodiscard]] const TopicPartition& partition() const override { return partition_; }
  [[nodiscard]] std::span<const FetchedRecord> records() const override { return records_; }
  [[nodiscard]] Headers headers(std::size_t) const override { return {}; }

  static constexpr std::string_view kOne{"\0\0\0\0\0\0\0\1", 8};
  static const std::array<Text, kKeys>& keys() {
    static const std::array<Text, kKeys> all = [] {
      std::array<Text, kKeys> made;
      for (std::size_t i = 0; i < kKeys; ++i) made[i] = "key-" + std::to_string(i);
      return made;
    }();
    return all;
  }

 private:
  TopicPartition partition_;
  std::vector<FetchedRecord> records_;
};

class NoCollector final : public RecordCollector {
 public:
  Status send(const OutgoingRecord& record) override {
    benchmark::DoNotOptimize(&record);
    return {};
  }
  [[nodiscard]] PartitionId partition_count(std::string_view) override { return 1; }
};

/// Say what one record costs. **Units** of the label: seconds, which the library prints in ns.
inline void report(benchmark::State& state, std::size_t records_an_iteration) {
  state.counters["a_record"] = benchmark::Counter(
      static_cast<double>(records_an_iteration),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

/// Run a topology of one sub-topology as a task does, without broker or disk: batches of 1,000
/// records of each of the topics `in`, and `other` if it's read, then a commit.
inline void run_task(benchmark::State& state, StreamsBuilder& builder, const Config& config = {}) {
  const auto topology = *builder.build(config);
  if (topology->subtopologies().size() != 1) throw std::logic_error("use run_driver");
  NullLogger logger;
  Metrics metrics;
  NoCollector collector;
  TaskStateOptions state_options;
  state_options.stores = topology->subtopologies().front().stores;
  state_options.logger = &logger;
  StreamTask task({.application_id = "bench", .id = {0, 0}, .max_task_idle = Duration(-1)},
                  *topology, *TaskState::open(std::move(state_options)), collector, metrics,
                  logger);
  task.init(nullptr, Timestamp(0));
  std::int64_t next = 0;
  for (auto _ : state) {
    state.PauseTiming();
    for (std::size_t i = 0; i < task.source_partitions().size(); ++i) {
      task.add(std::make_unique<NumberBatch>(task.source_partitions()[i], next,
                                             static_cast<std::int64_t>(i)));
    }
    next += kBatch;
    state.ResumeTiming();
    task.process(kBatch * task.source_partitions().size(), Timestamp(0));
    task.flush();
    task.committed(task.prepare_commit(Timestamp(0)));
  }
  report(state, kBatch * task.source_partitions().size());
}

/// Run a topology of any shape in the TopologyTestDriver, which commits after each record: records
/// go to `in`, and in turn to `other` if the topology reads it.
inline void run_driver(benchmark::State& state, StreamsBuilder& builder, bool two_inputs) {
  TopologyTestDriver driver(*builder.build());
  std::int64_t next = 0;
  for (auto _ : state) {
    driver.pipe({.topic = two_inputs && next % 2 == 1 ? "other" : "in",
                 .key = NumberBatch::keys()[static_cast<std::size_t>(next / 2) % kKeys],
                 .value = Text(NumberBatch::kOne),
                 .timestamp = Timestamp(next)});
    ++next;
  }
  report(state, 1);
}

inline Numbers in(StreamsBuilder& builder) { return builder.stream<Text, std::int64_t>("in"); }
inline Numbers other(StreamsBuilder& builder) {
  return builder.stream<Text, std::int64_t>("other");
}

}  // namespace millstream::bench
