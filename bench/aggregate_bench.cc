// What grouping, windows, tables and suppression cost; see stateless_bench.cc.

#include <millstream/operators/value_transformer.h>

#include "operator_harness.h"

namespace millstream::bench {
namespace {

constexpr auto kSum = [](std::int64_t a, std::int64_t b) { return a + b; };
constexpr auto kZero = [] { return std::int64_t{0}; };
constexpr auto kAdd = [](const Text&, std::int64_t v, std::int64_t sum) { return sum + v; };
constexpr auto kSubtract = [](const Text&, std::int64_t v, std::int64_t sum) { return sum - v; };

/// A benchmark of a table that `make` makes of the grouped stream `in`.
template <class Make>
void of_group(benchmark::State& state, Make make) {
  StreamsBuilder builder;
  make(in(builder).group_by_key()).to_stream().for_each(kSink);
  run_task(state, builder);
}

void count(benchmark::State& state) {
  of_group(state, [](const auto& group) { return group.count(); });
}
BENCHMARK(count);

void reduce(benchmark::State& state) {
  of_group(state, [](const auto& group) { return group.reduce(kSum); });
}
BENCHMARK(reduce);

void aggregate(benchmark::State& state) {
  of_group(state, [](const auto& group) { return group.aggregate(kZero, kAdd); });
}
BENCHMARK(aggregate);

TimeWindows minutes() { return TimeWindows::of_size_and_grace(Duration(60'000), Duration(1'000)); }

void tumbling_window(benchmark::State& state) {
  of_group(state, [](const auto& group) { return group.windowed_by(minutes()).count(); });
}
BENCHMARK(tumbling_window);

void tumbling_window_on_close(benchmark::State& state) {
  of_group(state, [](const auto& group) {
    return group.windowed_by(minutes()).emit_strategy(EmitStrategy::kOnWindowClose).count();
  });
}
BENCHMARK(tumbling_window_on_close);

/// Each record falls into four windows.
void hopping_window(benchmark::State& state) {
  of_group(state, [](const auto& group) {
    return group.windowed_by(minutes().advance_by(Duration(15'000))).count();
  });
}
BENCHMARK(hopping_window);

/// A key comes each 2 s: each record changes about two windows.
void sliding_window(benchmark::State& state) {
  of_group(state, [](const auto& group) {
    return group.windowed_by(SlidingWindows::of_time_difference_with_no_grace(Duration(3'000)))
        .count();
  });
}
BENCHMARK(sliding_window);

void session_window(benchmark::State& state) {
  of_group(state, [](const auto& group) {
    return group.windowed_by(SessionWindows::of_inactivity_gap_with_no_grace(Duration(1'000)))
        .count();
  });
}
BENCHMARK(session_window);

/// Each record joins the session of its key, which goes on.
void session_window_that_goes_on(benchmark::State& state) {
  of_group(state, [](const auto& group) {
    return group.windowed_by(SessionWindows::of_inactivity_gap_with_no_grace(Duration(5'000)))
        .count();
  });
}
BENCHMARK(session_window_that_goes_on);

void unlimited_window(benchmark::State& state) {
  of_group(state,
           [](const auto& group) { return group.windowed_by(UnlimitedWindows::of()).count(); });
}
BENCHMARK(unlimited_window);

void suppress_until_window_closes(benchmark::State& state) {
  of_group(state, [](const auto& group) {
    return group.windowed_by(TimeWindows::of_size_with_no_grace(Duration(4'000)))
        .count()
        .suppress(Suppressed::until_window_closes(BufferConfig::unbounded()));
  });
}
BENCHMARK(suppress_until_window_closes);

void cogroup(benchmark::State& state) {
  StreamsBuilder builder;
  in(builder)
      .group_by_key()
      .cogroup(kAdd)
      .cogroup(other(builder).group_by_key(), kAdd)
      .aggregate(kZero)
      .to_stream()
      .for_each(kSink);
  run_task(state, builder);
}
BENCHMARK(cogroup);

/// A benchmark of what `make` makes of the table of topic `in`, whose rows are kept.
template <class Make>
void of_table(benchmark::State& state, Make make) {
  StreamsBuilder builder;
  make(builder.table<Text, std::int64_t>("in", Materialized<>{.name = "rows"}))
      .to_stream()
      .for_each(kSink);
  run_task(state, builder);
}

void table(benchmark::State& state) {
  of_table(state, [](const NumberTable& t) { return t; });
}
BENCHMARK(table);

void versioned_table(benchmark::State& state) {
  StreamsBuilder builder;
  builder.table<Text, std::int64_t>("in", {.name = "rows", .history = Duration(60'000)})
      .to_stream()
      .for_each(kSink);
  run_task(state, builder);
}
BENCHMARK(versioned_table);

void to_table(benchmark::State& state) {
  StreamsBuilder builder;
  in(builder).to_table(Materialized<>{.name = "rows"}).to_stream().for_each(kSink);
  run_task(state, builder);
}
BENCHMARK(to_table);

void table_filter(benchmark::State& state) {
  of_table(state, [](const NumberTable& t) {
    return t.filter([](const Text&, std::int64_t v) { return v > 0; });
  });
}
BENCHMARK(table_filter);

void table_filter_not(benchmark::State& state) {
  of_table(state, [](const NumberTable& t) {
    return t.filter_not([](const Text&, std::int64_t v) { return v < 0; });
  });
}
BENCHMARK(table_filter_not);

void table_map_values(benchmark::State& state) {
  of_table(state,
           [](const NumberTable& t) { return t.map_values([](std::int64_t v) { return v + 1; }); });
}
BENCHMARK(table_map_values);

class AddOne final : public ValueTransformer<Text, std::int64_t, std::int64_t> {
 public:
  std::optional<std::int64_t> transform(const Text&, const std::int64_t* value) override {
    return value == nullptr ? std::nullopt : std::optional(*value + 1);
  }
};
void table_transform_values(benchmark::State& state) {
  of_table(state, [](const NumberTable& t) {
    return t.transform_values([] { return std::make_unique<AddOne>(); });
  });
}
BENCHMARK(table_transform_values);

void suppress_until_time_limit(benchmark::State& state) {
  of_table(state, [](const NumberTable& t) {
    return t.suppress(Suppressed::until_time_limit(Duration(4'000), BufferConfig::unbounded()));
  });
}
BENCHMARK(suppress_until_time_limit);

void table_group_by_in_driver(benchmark::State& state) {
  StreamsBuilder builder;
  builder.table<Text, std::int64_t>("in")
      .group_by([](const Text& key, std::int64_t v) { return std::pair(key.substr(0, 5), v); })
      .aggregate(kZero, kAdd, kSubtract)
      .to_stream()
      .for_each(kSink);
  run_driver(state, builder, false);
}
BENCHMARK(table_group_by_in_driver);

void group_by_in_driver(benchmark::State& state) {
  StreamsBuilder builder;
  in(builder)
      .group_by([](const Text& key, std::int64_t) { return key.substr(0, 5); })
      .count()
      .to_stream()
      .for_each(kSink);
  run_driver(state, builder, false);
}
BENCHMARK(group_by_in_driver);

}  // namespace
}  // namespace millstream::bench
