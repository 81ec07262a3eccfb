#pragma once

#include <millstream/core/metrics.h>
#include <millstream/runtime/thread_metadata.h>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace anomaly {

/// Sums over the metrics of the process.
struct MetricTotals {
  double fetched = 0;
  double processed = 0;
  double scored = 0;
  double anomalies = 0;
  double alerts = 0;
  double dead_letters = 0;
  double dropped = 0;
  double faulty = 0;
  double commits = 0;
  double aborts = 0;
  double cache_hits = 0;
  double cache_misses = 0;
  double rebalances = 0;
  double mails_sent = 0;
  double mail_failures = 0;
  double mails_waiting = 0;
  double buffer_bytes = 0;
  double rocksdb_bytes = 0;
};
[[nodiscard]] MetricTotals total(const millstream::Metrics& metrics);

/// **Units**: seconds. Of the last ten seconds; all zero when nothing was observed in them.
struct Quantiles {
  double p50 = 0;
  double p95 = 0;
  double p99 = 0;
  bool observed = false;
};

/// A second of the service.
struct Sample {
  std::int64_t time_ms = 0;
  double records_per_second = 0;
  double anomalies_per_second = 0;
  double lag = 0;
  double restore_remaining = 0;
  Quantiles end_to_end;
  Quantiles commit;
  Quantiles process;
};

/// Rates of the edges of the topology, by their ends. **Units**: records a second.
using EdgeRates = std::map<std::pair<std::string, std::string>, double>;

/// Makes rates and moving quantiles of counters, once a second. **Thread**: one.
class Sampler {
 public:
  explicit Sampler(const millstream::Metrics& metrics) : metrics_(metrics) {}

  /// Take a sample. Counters of tasks that came or went meanwhile are left out.
  void step(const std::vector<millstream::ThreadMetadata>& threads, std::int64_t now_ms);

  /// Up to five minutes, oldest first.
  [[nodiscard]] const std::deque<Sample>& samples() const { return samples_; }
  [[nodiscard]] const MetricTotals& totals() const { return totals_; }
  [[nodiscard]] const EdgeRates& edges() const { return edge_rates_; }
  /// Records a second of each source topic, as the topology names it.
  [[nodiscard]] const std::map<std::string, double>& sources() const { return source_rates_; }

 private:
  /// Counts of a histogram's buckets over the last seconds.
  class Window {
   public:
    void add(const millstream::Histogram* histogram);
    [[nodiscard]] Quantiles quantiles() const;

   private:
    std::vector<double> bounds_;
    std::deque<std::vector<double>> counts_;  // one more than the bounds
  };
  /// Totals of tasks, by task and what they count.
  using Counts = std::map<std::pair<std::string, std::string>, std::uint64_t>;
  struct Tasks {
    std::int64_t time_ms = 0;
    std::map<std::string, Counts> edges;    // by task
    std::map<std::string, Counts> sources;  // by task; the second name is empty
  };
  static Tasks counts_of(const std::vector<millstream::ThreadMetadata>& threads,
                         std::int64_t now_ms);
  static EdgeRates rates(const std::map<std::string, Counts>& before,
                         const std::map<std::string, Counts>& now, double seconds);
  void sample_tasks(const std::vector<millstream::ThreadMetadata>& threads, std::int64_t now_ms);
  void sample_histograms();

  const millstream::Metrics& metrics_;
  MetricTotals totals_;
  std::deque<Sample> samples_;
  std::deque<std::pair<std::int64_t, MetricTotals>> before_;
  std::deque<Tasks> tasks_before_;
  Window end_to_end_;
  Window commit_;
  Window process_;
  EdgeRates edge_rates_;
  std::map<std::string, double> source_rates_;
};

}  // namespace anomaly
