#pragma once

#include <optional>
#include <string>

#include "data_set.h"
#include "results.h"
#include "terminal.h"

namespace anomaly {

/// The totals of a demo.
struct DemoTotals {
  std::uint64_t records_in = 0;  ///< Records of the data set.
  std::uint64_t records_scored = 0;
  std::uint64_t dead_letters = 0;
  std::size_t anomalies = 0;
  std::size_t alerts = 0;
  double records_per_second = 0;  ///< Of this process; 0: it had nothing left to do.
  std::optional<double> latency_p50_ms;
  std::optional<double> latency_p99_ms;
  std::string scores_digest;
  std::string state_digest;
  std::string report;
};

/// One line with one object; names as in DemoTotals.
std::string to_json(const DemoTotals& totals);

/// The highest alerts as a table, and how many more there are.
void print_alerts(const DataSet& data, const Results& results, Terminal& terminal);

/// The totals for a person.
void print_totals(const DemoTotals& totals, Terminal& terminal);

}  // namespace anomaly
