// What an operator costs a record, through the TopologyTestDriver: one record is piped, processed
// and committed. The driver's own share is that of `chain of map_values/0`; a node costs the
// difference.

#include <millstream/operators/streams_builder.h>
#include <millstream/operators/suppressed.h>
#include <millstream/testing/topology_test_driver.h>

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace millstream {
namespace {

using Numbers = KStream<std::string, std::int64_t>;

/// Pipe records of 1,000 keys, a millisecond apart, through what `make` adds to the stream "in".
template <class Make>
void drive(benchmark::State& state, Make make) {
  StreamsBuilder builder;
  make(builder, builder.stream<std::string, std::int64_t>("in"));
  TopologyTestDriver driver(*builder.build());
  std::array<std::string, 1000> keys;
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = "key-" + std::to_string(i);
  const std::string value("\0\0\0\0\0\0\0\1", 8);
  std::int64_t now = 0;
  for (auto _ : state) {
    driver.pipe({.topic = "in",
                 .key = keys[static_cast<std::size_t>(now) % keys.size()],
                 .value = value,
                 .timestamp = Timestamp(++now)});
  }
  state.SetItemsProcessed(state.iterations());
}

void chain_of_map_values(benchmark::State& state) {
  drive(state, [&](StreamsBuilder&, Numbers numbers) {
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      numbers = numbers.map_values([](std::int64_t v) { return v + 1; });
    }
    numbers.for_each([](const std::string&, std::int64_t v) { benchmark::DoNotOptimize(v); });
  });
}
BENCHMARK(chain_of_map_values)->Arg(0)->Arg(1)->Arg(10);

void chain_of_filters(benchmark::State& state) {
  drive(state, [&](StreamsBuilder&, Numbers numbers) {
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      numbers = numbers.filter([](const std::string&, std::int64_t v) { return v > 0; });
    }
    numbers.for_each([](const std::string&, std::int64_t v) { benchmark::DoNotOptimize(v); });
  });
}
BENCHMARK(chain_of_filters)->Arg(1)->Arg(10);

void flat_map_values(benchmark::State& state) {
  drive(state, [](StreamsBuilder&, const Numbers& numbers) {
    numbers.flat_map_values([](std::int64_t v) { return std::vector<std::int64_t>{v, v}; })
        .for_each([](const std::string&, std::int64_t v) { benchmark::DoNotOptimize(v); });
  });
}
BENCHMARK(flat_map_values);

void count_by_key(benchmark::State& state) {
  drive(state, [](StreamsBuilder&, const Numbers& numbers) {
    static_cast<void>(numbers.group_by_key().count());
  });
}
BENCHMARK(count_by_key);

void count_in_tumbling_windows(benchmark::State& state) {
  drive(state, [](StreamsBuilder&, const Numbers& numbers) {
    static_cast<void>(numbers.group_by_key()
                          .windowed_by(TimeWindows::of_size_with_no_grace(Duration(60'000)))
                          .count());
  });
}
BENCHMARK(count_in_tumbling_windows);

void count_in_sessions(benchmark::State& state) {
  drive(state, [](StreamsBuilder&, const Numbers& numbers) {
    static_cast<void>(
        numbers.group_by_key()
            .windowed_by(SessionWindows::of_inactivity_gap_with_no_grace(Duration(5'000)))
            .count());
  });
}
BENCHMARK(count_in_sessions);

void join_with_table(benchmark::State& state) {
  drive(state, [](StreamsBuilder& builder, const Numbers& numbers) {
    const auto table = builder.table<std::string, std::int64_t>("table");
    numbers.join(table, [](std::int64_t l, std::int64_t r) { return l + r; })
        .for_each([](const std::string&, std::int64_t v) { benchmark::DoNotOptimize(v); });
  });
}
BENCHMARK(join_with_table);

}  // namespace
}  // namespace millstream
