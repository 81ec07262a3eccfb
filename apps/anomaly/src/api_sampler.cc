#include "api_sampler.h"

#include <algorithm>

namespace anomaly {

using millstream::Histogram;
using millstream::Metrics;
using millstream::TaskMetadata;
using millstream::ThreadMetadata;

namespace {

constexpr std::size_t kSamples = 300;
constexpr std::size_t kQuantileSeconds = 10;
/// Tasks tell their counts twice a second: over some seconds that evens out.
constexpr std::size_t kRateSeconds = 4;

struct Summed {
  std::string_view name;
  double MetricTotals::* total;
};
constexpr std::array<Summed, 16> kSummed = {{
    {"millstream_records_fetched_total", &MetricTotals::fetched},
    {"millstream_records_processed_total", &MetricTotals::processed},
    {"events_processed_total", &MetricTotals::scored},
    {"anomalies_detected_total", &MetricTotals::anomalies},
    {"anomaly_alerts_total", &MetricTotals::alerts},
    {"millstream_dead_letters_total", &MetricTotals::dead_letters},
    {"millstream_dropped_records_total", &MetricTotals::dropped},
    {"millstream_faulty_records_total", &MetricTotals::faulty},
    {"score_cache_hits_total", &MetricTotals::cache_hits},
    {"score_cache_misses_total", &MetricTotals::cache_misses},
    {"millstream_rebalances_total", &MetricTotals::rebalances},
    {"alert_mails_sent_total", &MetricTotals::mails_sent},
    {"alert_mail_failures_total", &MetricTotals::mail_failures},
    {"alert_mails_waiting", &MetricTotals::mails_waiting},
    {"millstream_buffer_bytes", &MetricTotals::buffer_bytes},
    {"millstream_rocksdb_memory_bytes", &MetricTotals::rocksdb_bytes},
}};

double value_of(const Metrics::Sample& sample) {
  if (sample.counter != nullptr) return static_cast<double>(sample.counter->value());
  return sample.gauge != nullptr ? sample.gauge->value() : 0;
}

}  // namespace

MetricTotals total(const Metrics& metrics) {
  MetricTotals totals;
  metrics.visit([&](std::string_view name, std::string_view, const Metrics::Sample& sample) {
    if (name == "millstream_commits_total") {
      const bool aborted = sample.labels->at("outcome") == "aborted";
      (aborted ? totals.aborts : totals.commits) += value_of(sample);
      return;
    }
    const auto found = std::find_if(kSummed.begin(), kSummed.end(),
                                    [&](const Summed& one) { return one.name == name; });
    if (found != kSummed.end()) totals.*(found->total) += value_of(sample);
  });
  return totals;
}

void Sampler::Window::add(const Histogram* histogram) {
  if (histogram == nullptr) return;
  bounds_.assign(histogram->bounds().begin(), histogram->bounds().end());
  std::vector<double> counts;
  for (std::size_t i = 0; i <= bounds_.size(); ++i) {
    counts.push_back(static_cast<double>(histogram->count(i)));
  }
  counts_.push_back(std::move(counts));
  if (counts_.size() > kQuantileSeconds + 1) counts_.pop_front();
}

Quantiles Sampler::Window::quantiles() const {
  if (counts_.size() < 2) return {};
  std::vector<double> now = counts_.back();
  double all = 0;
  for (std::size_t i = 0; i < now.size(); ++i) all += now[i] -= counts_.front()[i];
  if (all <= 0) return {};
  const auto quantile = [&](double q) {
    double below = 0;
    for (std::size_t i = 0; i < bounds_.size(); ++i) {
      if (now[i] > 0 && below + now[i] >= q * all) {
        const double low = i == 0 ? 0 : bounds_[i - 1];
        return low + (bounds_[i] - low) * (q * all - below) / now[i];
      }
      below += now[i];
    }
    return bounds_.back();
  };
  return {quantile(0.5), quantile(0.95), quantile(0.99), true};
}

Sampler::Tasks Sampler::counts_of(const std::vector<ThreadMetadata>& threads, std::int64_t now_ms) {
  Tasks tasks{.time_ms = now_ms};
  for (const ThreadMetadata& thread : threads) {
    for (const TaskMetadata& task : thread.active_tasks) {
      if (task.restoring) continue;
      const std::string id = task.task.to_string();
      for (const auto& edge : task.edges) tasks.edges[id][{edge.from, edge.to}] += edge.records;
      for (const auto& source : task.sources) {
        tasks.sources[id][{source.topic, {}}] += source.records;
      }
    }
  }
  return tasks;
}

EdgeRates Sampler::rates(const std::map<std::string, Counts>& before,
                         const std::map<std::string, Counts>& now, double seconds) {
  EdgeRates rates;
  for (const auto& [task, counts] : now) {
    const auto then = before.find(task);
    for (const auto& [edge, count] : counts) {
      double& rate = rates[edge];
      if (then == before.end()) continue;
      const auto earlier = then->second.find(edge);
      if (earlier == then->second.end() || earlier->second > count) continue;
      rate += static_cast<double>(count - earlier->second) / seconds;
    }
  }
  return rates;
}

void Sampler::sample_tasks(const std::vector<ThreadMetadata>& threads, std::int64_t now_ms) {
  tasks_before_.push_back(counts_of(threads, now_ms));
  if (tasks_before_.size() > kRateSeconds + 1) tasks_before_.pop_front();
  const Tasks& then = tasks_before_.front();
  const Tasks& now = tasks_before_.back();
  const double seconds = std::max(1e-3, static_cast<double>(now.time_ms - then.time_ms) / 1000);
  edge_rates_ = rates(then.edges, now.edges, seconds);
  source_rates_.clear();
  for (const auto& [source, rate] : rates(then.sources, now.sources, seconds)) {
    source_rates_[source.first] = rate;
  }
}

void Sampler::sample_histograms() {
  const Histogram* own = nullptr;
  const Histogram* runtime = nullptr;
  const Histogram* commit = nullptr;
  const Histogram* process = nullptr;
  metrics_.visit([&](std::string_view name, std::string_view, const Metrics::Sample& sample) {
    if (name == "anomaly_end_to_end_seconds") own = sample.histogram;
    if (name == "millstream_end_to_end_seconds") runtime = sample.histogram;
    if (name == "millstream_commit_seconds") commit = sample.histogram;
    if (name == "millstream_process_seconds") process = sample.histogram;
  });
  end_to_end_.add(own != nullptr ? own : runtime);
  commit_.add(commit);
  process_.add(process);
}

void Sampler::step(const std::vector<ThreadMetadata>& threads, std::int64_t now_ms) {
  totals_ = total(metrics_);
  sample_histograms();
  sample_tasks(threads, now_ms);
  before_.emplace_back(now_ms, totals_);
  if (before_.size() > 2) before_.pop_front();
  const auto& [then_ms, then] = before_.front();
  const double seconds = std::max(1e-3, static_cast<double>(now_ms - then_ms) / 1000);
  Sample sample{.time_ms = now_ms,
                .records_per_second = std::max(0.0, totals_.processed - then.processed) / seconds,
                .anomalies_per_second = std::max(0.0, totals_.anomalies - then.anomalies) / seconds,
                .end_to_end = end_to_end_.quantiles(),
                .commit = commit_.quantiles(),
                .process = process_.quantiles()};
  for (const ThreadMetadata& thread : threads) {
    for (const TaskMetadata& task : thread.active_tasks) {
      sample.lag += static_cast<double>(task.lag());
      sample.restore_remaining += static_cast<double>(task.restore_remaining());
    }
  }
  samples_.push_back(sample);
  if (samples_.size() > kSamples) samples_.pop_front();
}

}  // namespace anomaly
