// What joins cost; see stateless_bench.cc. Both inputs have 1,000 keys, each key a record each 2 s.

#include "operator_harness.h"

namespace millstream::bench {
namespace {

constexpr auto kSum = [](std::int64_t a, std::int64_t b) { return a + b; };
constexpr auto kSumLeft = [](std::int64_t a, const std::optional<std::int64_t>& b) {
  return a + b.value_or(0);
};
constexpr auto kSumOuter = [](const std::optional<std::int64_t>& a,
                              const std::optional<std::int64_t>& b) {
  return a.value_or(0) + b.value_or(0);
};
/// Each record finds one partner.
JoinWindows a_second() { return JoinWindows::of_time_difference_with_no_grace(Duration(1'000)); }

void stream_stream_inner(benchmark::State& state) {
  StreamsBuilder builder;
  in(builder).join(other(builder), kSum, a_second()).for_each(kSink);
  run_task(state, builder);
}
BENCHMARK(stream_stream_inner);

void stream_stream_left(benchmark::State& state) {
  StreamsBuilder builder;
  in(builder).left_join(other(builder), kSumLeft, a_second()).for_each(kSink);
  run_task(state, builder);
}
BENCHMARK(stream_stream_left);

void stream_stream_outer(benchmark::State& state) {
  StreamsBuilder builder;
  in(builder).outer_join(other(builder), kSumOuter, a_second()).for_each(kSink);
  run_task(state, builder);
}
BENCHMARK(stream_stream_outer);

void stream_self_join(benchmark::State& state) {
  StreamsBuilder builder;
  const Numbers numbers = in(builder);
  numbers.join(numbers, kSum, a_second()).for_each(kSink);
  run_task(state, builder, Config{{"topology.optimization", "all"}});
}
BENCHMARK(stream_self_join);

NumberTable table(StreamsBuilder& builder, const char* topic) {
  return builder.table<Text, std::int64_t>(topic);
}
NumberTable versioned(StreamsBuilder& builder) {
  return builder.table<Text, std::int64_t>("other", {.name = "rows", .history = Duration(10'000)});
}

void stream_table_inner(benchmark::State& state) {
  StreamsBuilder builder;
  in(builder).join(table(builder, "other"), kSum).for_each(kSink);
  run_task(state, builder);
}
BENCHMARK(stream_table_inner);

void stream_table_left(benchmark::State& state) {
  StreamsBuilder builder;
  in(builder).left_join(table(builder, "other"), kSumLeft).for_each(kSink);
  run_task(state, builder);
}
BENCHMARK(stream_table_left);

void stream_versioned_table(benchmark::State& state) {
  StreamsBuilder builder;
  in(builder).join(versioned(builder), kSum).for_each(kSink);
  run_task(state, builder);
}
BENCHMARK(stream_versioned_table);

void stream_versioned_table_with_grace(benchmark::State& state) {
  StreamsBuilder builder;
  in(builder)
      .join(versioned(builder), kSum, {.name = "patient", .grace = Duration(1'000)})
      .for_each(kSink);
  run_task(state, builder);
}
BENCHMARK(stream_versioned_table_with_grace);

void stream_global_table_in_driver(benchmark::State& state) {
  StreamsBuilder builder;
  const auto rows = builder.global_table<Text, std::int64_t>("other");
  in(builder)
      .left_join(
          rows, [](const Text& key, std::int64_t) { return key; }, kSumLeft)
      .for_each(kSink);
  run_driver(state, builder, true);
}
BENCHMARK(stream_global_table_in_driver);

void table_table_inner(benchmark::State& state) {
  StreamsBuilder builder;
  table(builder, "in").join(table(builder, "other"), kSum).to_stream().for_each(kSink);
  run_task(state, builder);
}
BENCHMARK(table_table_inner);

void table_table_left(benchmark::State& state) {
  StreamsBuilder builder;
  table(builder, "in").left_join(table(builder, "other"), kSumLeft).to_stream().for_each(kSink);
  run_task(state, builder);
}
BENCHMARK(table_table_left);

void table_table_outer(benchmark::State& state) {
  StreamsBuilder builder;
  table(builder, "in").outer_join(table(builder, "other"), kSumOuter).to_stream().for_each(kSink);
  run_task(state, builder);
}
BENCHMARK(table_table_outer);

constexpr auto kForeignKey = [](const Text& key, std::int64_t) { return key; };

void foreign_key_inner_in_driver(benchmark::State& state) {
  StreamsBuilder builder;
  table(builder, "in").join(table(builder, "other"), kForeignKey, kSum).to_stream().for_each(kSink);
  run_driver(state, builder, true);
}
BENCHMARK(foreign_key_inner_in_driver);

void foreign_key_left_in_driver(benchmark::State& state) {
  StreamsBuilder builder;
  table(builder, "in")
      .left_join(table(builder, "other"), kForeignKey, kSumLeft)
      .to_stream()
      .for_each(kSink);
  run_driver(state, builder, true);
}
BENCHMARK(foreign_key_left_in_driver);

}  // namespace
}  // namespace millstream::bench
