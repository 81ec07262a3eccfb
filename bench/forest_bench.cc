// What detection costs a record, on one core: the forests alone, without a topology. The series are
// made up: a daily wave with noise, and now and then a burst.

#include <millstream/forest/isolation_forest.h>
#include <millstream/forest/online_forest.h>
#include <millstream/forest/random.h>
#include <millstream/forest/series_forest.h>

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace millstream::forest {
namespace {

constexpr std::int64_t kStepMs = 300'000;
constexpr std::size_t kRecords = 6000;  // beyond it the detectors' windows are full

/// The record `i` of a series.
double value_at(Random& random, std::size_t i) {
  const double wave = 20 * std::sin(static_cast<double>(i) * 0.0218);
  const double burst = i % 997 < 5 ? 60 * random.uniform() : 0.0;
  return 50 + wave + 5 * (random.uniform() + random.uniform()) + burst;
}

/// Records of `state.range(0)` series in turn, their windows full.
template <class Detector>
void detect(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  Random random(1);
  std::vector<double> values(4 * kRecords);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = value_at(random, i);
  std::vector<Detector> series;
  for (std::size_t i = 0; i < n; ++i)
    series.emplace_back(typename Detector::Options(), std::to_string(i));
  std::size_t row = 0;
  for (; row < kRecords; ++row) {
    for (Detector& one : series) one.update(static_cast<std::int64_t>(row) * kStepMs, values[row]);
  }
  std::size_t next = 0;
  for (auto _ : state) {
    const auto time = static_cast<std::int64_t>(row) * kStepMs;
    benchmark::DoNotOptimize(series[next].update(time, values[row % values.size()]));
    if (++next == n) {
      next = 0;
      ++row;
    }
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["bytes_a_series"] = static_cast<double>(series[0].memory());
}
BENCHMARK(detect<OnlineForest>)->Name("online_forest/series")->Arg(1)->Arg(40);
BENCHMARK(detect<SeriesForest>)->Name("forest_a_series/series")->Arg(1)->Arg(40);

/// The forest of `anomaly train`: 100 trees of 256 rows, 11 features.
class Offline {
 public:
  Offline() : rows_(20'000 * kFeatures) {
    Random random(2);
    for (float& value : rows_) {
      value = static_cast<float>(random.uniform() + random.uniform() + random.uniform());
    }
    forest_ = *IsolationForest::train(std::span<const float>(rows_), kFeatures, {});
  }
  static constexpr std::size_t kFeatures = 11;
  [[nodiscard]] const IsolationForest& forest() const { return forest_; }
  [[nodiscard]] std::span<const float> rows() const { return rows_; }

 private:
  std::vector<float> rows_;
  IsolationForest forest_;
};

void score_batch(benchmark::State& state) {
  const Offline offline;
  std::vector<double> scores(offline.rows().size() / Offline::kFeatures);
  for (auto _ : state) {
    offline.forest().score_batch(offline.rows(), scores);
    benchmark::DoNotOptimize(scores.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(scores.size()));
}
BENCHMARK(score_batch)->Name("isolation_forest/batch")->Unit(benchmark::kMillisecond);

void score_one(benchmark::State& state) {
  const Offline offline;
  std::size_t row = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(offline.forest().score_samples(
        offline.rows().subspan(row * Offline::kFeatures, Offline::kFeatures)));
    row = (row + 1) % 20'000;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(score_one)->Name("isolation_forest/one_at_a_time");

}  // namespace
}  // namespace millstream::forest
