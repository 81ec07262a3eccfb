// What stateless operators cost. `a_record` is the time a record takes through the whole topology;
// a node costs the difference between two lengths of a chain, by their number of nodes.

#include <millstream/topology/fixed_key_processor.h>
#include <millstream/topology/processor.h>

#include "operator_harness.h"

namespace millstream::bench {
namespace {

/// `a_record` of a source and an end alone.
void source_alone(benchmark::State& state) {
  StreamsBuilder builder;
  in(builder).for_each(kSink);
  run_task(state, builder);
}
BENCHMARK(source_alone);

/// A chain of as many nodes as the benchmark's argument, each made by `link`.
template <class Link>
void chain(benchmark::State& state, Link link) {
  StreamsBuilder builder;
  Numbers numbers = in(builder);
  for (std::int64_t i = 0; i < state.range(0); ++i) numbers = link(numbers);
  numbers.for_each(kSink);
  run_task(state, builder);
}

constexpr auto kPositive = [](const Text&, std::int64_t v) { return v > 0; };
constexpr auto kNegative = [](const Text&, std::int64_t v) { return v < 0; };

void filter(benchmark::State& state) {
  chain(state, [](const Numbers& n) { return n.filter(kPositive); });
}
BENCHMARK(filter)->Arg(1)->Arg(11);

void filter_not(benchmark::State& state) {
  chain(state, [](const Numbers& n) { return n.filter_not(kNegative); });
}
BENCHMARK(filter_not)->Arg(1)->Arg(11);

void map(benchmark::State& state) {
  chain(state, [](const Numbers& n) {
    return n.map([](const Text& k, std::int64_t v) { return std::pair(k, v + 1); });
  });
}
BENCHMARK(map)->Arg(1)->Arg(11);

void map_values(benchmark::State& state) {
  chain(state, [](const Numbers& n) { return n.map_values([](std::int64_t v) { return v + 1; }); });
}
BENCHMARK(map_values)->Arg(1)->Arg(11);

void flat_map(benchmark::State& state) {
  chain(state, [](const Numbers& n) {
    return n.flat_map(
        [](const Text& k, std::int64_t v) { return std::array{std::pair(k, v + 1)}; });
  });
}
BENCHMARK(flat_map)->Arg(1)->Arg(11);

void flat_map_values(benchmark::State& state) {
  chain(state, [](const Numbers& n) {
    return n.flat_map_values([](std::int64_t v) { return std::array{v + 1}; });
  });
}
BENCHMARK(flat_map_values)->Arg(1)->Arg(11);

void select_key(benchmark::State& state) {
  chain(state, [](const Numbers& n) {
    return n.select_key([](const Text& k, std::int64_t) { return k; });
  });
}
BENCHMARK(select_key)->Arg(1)->Arg(11);

void peek(benchmark::State& state) {
  chain(state, [](const Numbers& n) { return n.peek(kSink); });
}
BENCHMARK(peek)->Arg(1)->Arg(11);

void merge(benchmark::State& state) {
  chain(state, [](const Numbers& n) { return n.merge(n.filter(kNegative)); });
}
BENCHMARK(merge)->Arg(1)->Arg(11);

void split(benchmark::State& state) {
  chain(state, [](const Numbers& n) {
    return n.split()
        .branch(kNegative, {.name = "negative"})
        .default_branch({.name = "rest"})
        .rbegin()
        ->second;
  });
}
BENCHMARK(split)->Arg(1)->Arg(11);

class Increment final : public ContextualProcessor<Text, std::int64_t, Text, std::int64_t> {
 public:
  void process(const Record<Text, std::int64_t>& record) override {
    const std::int64_t value = record.value() + 1;
    context().forward(record.with_value(value));
  }
};
void process(benchmark::State& state) {
  chain(state,
        [](const Numbers& n) { return n.process([] { return std::make_unique<Increment>(); }); });
}
BENCHMARK(process)->Arg(1)->Arg(11);

class IncrementValue final : public FixedKeyProcessor<Text, std::int64_t, std::int64_t> {
 public:
  void init(FixedKeyProcessorContext<Text, std::int64_t>& context) override { context_ = &context; }
  void process(const FixedKeyRecord<Text, std::int64_t>& record) override {
    const std::int64_t value = record.value() + 1;
    context_->forward(record.with_value(value));
  }

 private:
  FixedKeyProcessorContext<Text, std::int64_t>* context_ = nullptr;
};
void process_values(benchmark::State& state) {
  chain(state, [](const Numbers& n) {
    return n.process_values([] { return std::make_unique<IncrementValue>(); });
  });
}
BENCHMARK(process_values)->Arg(1)->Arg(11);

void to(benchmark::State& state) {
  StreamsBuilder builder;
  in(builder).to("out");
  run_task(state, builder);
}
BENCHMARK(to);

void to_chosen_topic(benchmark::State& state) {
  StreamsBuilder builder;
  in(builder).to([](const Text&, std::int64_t v) { return v > 0 ? "positive" : "negative"; });
  run_task(state, builder);
}
BENCHMARK(to_chosen_topic);

/// The driver's own share of the benchmarks that need it.
void driver_alone(benchmark::State& state) {
  StreamsBuilder builder;
  in(builder).for_each(kSink);
  run_driver(state, builder, false);
}
BENCHMARK(driver_alone);

void repartition_in_driver(benchmark::State& state) {
  StreamsBuilder builder;
  in(builder).repartition().for_each(kSink);
  run_driver(state, builder, false);
}
BENCHMARK(repartition_in_driver);

}  // namespace
}  // namespace millstream::bench
