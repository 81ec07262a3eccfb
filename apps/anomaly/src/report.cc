#include "report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "findings.h"
#include "mail_encoding.h"
#include "report_chart.h"
#include "report_style.h"
#include "terminal.h"
#include "text_format.h"

namespace anomaly {

namespace {

/// Puts a page together.
class Page {
 public:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }
  void put_raw(std::string_view text) { text_.append(text); }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::size_t sum(const std::vector<SeriesFindings>& all, std::size_t SeriesFindings::* member) {
  std::size_t total = 0;
  for (const SeriesFindings& one : all) total += one.*member;
  return total;
}

void put_tile(Page& page, const std::string& figure, std::string_view meaning) {
  page.put("<div class=\"tile\"><b>{}</b><span>{}</span></div>", figure, meaning);
}

void put_tiles(Page& page, const DataSet& data, const Results& results,
               const std::vector<SeriesFindings>& all) {
  page.put("<div class=\"tiles\">");
  put_tile(page, with_commas(results.scores), "records scored");
  put_tile(page, with_commas(all.size()), "series");
  put_tile(page, with_commas(results.anomalies.size()), "anomalous records");
  put_tile(page, with_commas(results.alerts.size()), "alerts");
  if (data.windows() > 0) {
    put_tile(page,
             fmt::format("{} of {}", sum(all, &SeriesFindings::windows_found), data.windows()),
             "labelled anomalies alerted");
    put_tile(page,
             fmt::format("{} of {}", sum(all, &SeriesFindings::alerts_in_windows),
                         results.alerts.size()),
             "alerts in labelled anomalies");
  }
  page.put("</div>");
}

/// A row of the table of series; `id` is its chart's.
void put_series_row(Page& page, const SeriesFindings& one, std::size_t id) {
  double peak = 0;
  for (const Alert* alert : one.alerts) peak = std::max(peak, alert->peak_score);
  const bool all_found = one.windows() > 0 && one.windows_found == one.windows();
  page.put("<tr><td><a href=\"#s{}\">{}</a></td><td class=\"n\">{}</td><td class=\"n\">{}</td>", id,
           escape_html(one.name), with_commas(one.points->size()), with_commas(one.anomalies));
  page.put("<td class=\"n\">{}</td><td class=\"n\">{}</td>", one.alerts.size(),
           one.alerts.empty() ? "" : fmt::format("{:.3f}", peak));
  page.put("<td class=\"n{}\">{}</td></tr>", all_found ? " yes" : "",
           one.windows() == 0 ? "<span class=\"soft\">none</span>"
                              : fmt::format("{} of {}", one.windows_found, one.windows()));
}

void put_series_table(Page& page, const std::vector<SeriesFindings>& all) {
  page.put(
      "<div class=\"sheet\"><table><tr><th>Series</th><th class=\"n\">Records</th>"
      "<th class=\"n\">Anomalous</th><th class=\"n\">Alerts</th><th class=\"n\">Highest score</th>"
      "<th class=\"n\">Labelled, alerted</th></tr>");
  for (std::size_t i = 0; i < all.size(); ++i) put_series_row(page, all[i], i);
  page.put("</table></div>");
}

void put_legend(Page& page) {
  page.put_raw(
      "<div class=\"legend\"><span><i class=\"lv\"></i>value</span>"
      "<span><i class=\"ls\"></i>score, with its threshold</span>"
      "<span><i class=\"la\"></i>anomalous record</span><span><i class=\"li\"></i>alert</span>"
      "<span><i class=\"lw\"></i>labelled anomaly</span></div>");
}

std::string reasons(const Alert& alert) {
  std::string text;
  for (const Contribution& one : alert.contributions) {
    if (one.amount <= 0) continue;
    text += fmt::format("{}{} +{:.3f} ({}, expected {})", text.empty() ? "" : ", ", one.feature,
                        one.amount, short_number(one.value), short_number(one.expected));
  }
  return text;
}

void put_alerts(Page& page, const SeriesFindings& one, const DataSet& data) {
  if (one.alerts.empty()) return;
  page.put(
      "<details><summary>{}</summary><table><tr><th>From</th><th>Lasted</th>"
      "<th class=\"n\">Records</th><th class=\"n\">Peak score</th><th class=\"n\">Value</th>"
      "<th class=\"n\">Expected</th><th>Labelled</th><th>Because of</th></tr>",
      counted(one.alerts.size(), "alert"));
  for (const Alert* alert : one.alerts) {
    page.put("<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{:.3f}</td>",
             short_time(alert->start_ms), short_span(alert->end_ms - alert->start_ms), alert->count,
             alert->peak_score);
    page.put("<td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td><td>{}</td></tr>",
             short_number(alert->peak_value), short_number(alert->peak_expected),
             is_labelled(*alert, data) ? "<span class=\"yes\">yes</span>" : "no",
             escape_html(reasons(*alert)));
  }
  page.put("</table></details>");
}

void put_series(Page& page, const SeriesFindings& one, std::size_t id, const DataSet& data,
                double threshold) {
  page.put("<section id=\"s{}\"><header><h2>{}</h2><span>{}, {}, {}</span></header>", id,
           escape_html(one.name), counted(one.points->size(), "record"),
           counted(one.anomalies, "anomaly"), counted(one.alerts.size(), "alert"));
  if (!one.points->empty()) page.put_raw(make_chart(one, threshold));
  put_alerts(page, one, data);
  page.put("</section>");
}

void put_details(Page& page, const ReportFacts& facts) {
  page.put("<section><dl>");
  for (const auto& [name, text] : facts.details) {
    page.put("<dt>{}</dt><dd>{}</dd>", escape_html(name), escape_html(text));
  }
  page.put("</dl></section>");
}

}  // namespace

std::string make_report(const DataSet& data, const Results& results, const ReportFacts& facts) {
  const auto all = collect_findings(data, results);
  Page page;
  page.put(
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><title>{}</title><style>",
      escape_html(facts.title));
  page.put_raw(kReportStyle);
  page.put(
      "</style></head><body><main><h1>{}</h1><p>Each record was scored by an isolation forest as "
      "it came; records above the threshold that lie near each other make one alert.</p>",
      escape_html(facts.title));
  put_tiles(page, data, results, all);
  put_series_table(page, all);
  put_legend(page);
  for (std::size_t i = 0; i < all.size(); ++i) put_series(page, all[i], i, data, results.threshold);
  put_details(page, facts);
  page.put_raw("</main></body></html>\n");
  return page.take();
}

}  // namespace anomaly
