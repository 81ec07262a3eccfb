#include "demo_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>

#include "findings.h"
#include "text_format.h"

namespace anomaly {

namespace {

constexpr std::size_t kAlertsShown = 12;

std::vector<const Alert*> highest_alerts(const Results& results) {
  std::vector<const Alert*> alerts;
  for (const Alert& alert : results.alerts) alerts.push_back(&alert);
  std::sort(alerts.begin(), alerts.end(), [](const Alert* a, const Alert* b) {
    if (a->peak_score != b->peak_score) return a->peak_score > b->peak_score;
    return std::tie(a->series, a->start_ms) < std::tie(b->series, b->start_ms);
  });
  return alerts;
}

std::string latency_text(const std::optional<double>& ms) {
  return ms ? fmt::format("{:.0f} ms", *ms) : std::string("not measured");
}

}  // namespace

std::string to_json(const DemoTotals& totals) {
  nlohmann::ordered_json object;
  object["records_in"] = totals.records_in;
  object["records_scored"] = totals.records_scored;
  object["anomalies"] = totals.anomalies;
  object["alerts"] = totals.alerts;
  object["records_per_second"] = std::round(totals.records_per_second);
  const auto number = [](const std::optional<double>& ms) {
    return ms ? nlohmann::ordered_json(*ms) : nlohmann::ordered_json(nullptr);
  };
  object["latency_p50_ms"] = number(totals.latency_p50_ms);
  object["latency_p99_ms"] = number(totals.latency_p99_ms);
  object["scores_digest"] = totals.scores_digest;
  object["state_digest"] = totals.state_digest;
  object["report"] = totals.report;
  object["dead_letters"] = totals.dead_letters;
  return object.dump();
}

void print_alerts(const DataSet& data, const Results& results, Terminal& terminal) {
  const auto alerts = highest_alerts(results);
  if (alerts.empty()) {
    terminal.line("  No anomalies found.");
    return;
  }
  using enum Table::Align;
  Table table({{"series"},
               {"peak at"},
               {"lasted", kRight},
               {"value", kRight},
               {"expected", kRight},
               {"score", kRight},
               {"anomalies", kRight},
               {"labelled"}});
  for (std::size_t i = 0; i < std::min(alerts.size(), kAlertsShown); ++i) {
    const Alert& alert = *alerts[i];
    table.add_row(
        {alert.series, short_time(alert.peak_ms), short_span(alert.end_ms - alert.start_ms),
         short_number(alert.peak_value), short_number(alert.peak_expected),
         terminal.bold(fmt::format("{:.3f}", alert.peak_score)), fmt::to_string(alert.count),
         is_labelled(alert, data) ? terminal.green("yes") : terminal.dim("no")});
  }
  table.print(terminal);
  if (alerts.size() > kAlertsShown) {
    terminal.line(terminal.dim(fmt::format("  and {} with lower scores: see the report",
                                           counted(alerts.size() - kAlertsShown, "more alert"))));
  }
}

void print_totals(const DemoTotals& totals, Terminal& terminal) {
  const auto row = [&](std::string_view name, const std::string& text) {
    terminal.line(fmt::format("  {:<14}{}", name, text));
  };
  const bool complete = totals.records_in == totals.records_scored;
  row("records", fmt::format("{} in, {} scored{}", with_commas(totals.records_in),
                             with_commas(totals.records_scored),
                             complete ? ", each once" : terminal.red("  (they must be equal)")));
  if (totals.dead_letters > 0) {
    row("dead letters", with_commas(totals.dead_letters) + " records that were none");
  }
  row("found", fmt::format("{} in {}", counted(totals.anomalies, "anomalous record"),
                           counted(totals.alerts, "alert")));
  if (totals.records_per_second > 0) {
    row("speed", fmt::format("{} records/s",
                             with_commas(static_cast<std::uint64_t>(totals.records_per_second))));
    row("latency",
        fmt::format("{} p50, {} p99, from produced to committed",
                    latency_text(totals.latency_p50_ms), latency_text(totals.latency_p99_ms)));
  }
  row("digest", totals.scores_digest);
}

}  // namespace anomaly
