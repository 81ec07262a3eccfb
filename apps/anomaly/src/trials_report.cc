#include "trials_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <numeric>
#include <vector>

#include "mail_encoding.h"
#include "report_style.h"

namespace anomaly {

using millstream::forest::Trial;
using millstream::forest::TuningResult;

namespace {

constexpr double kWidth = 1000;
constexpr double kHeight = 220;
constexpr double kLeft = 52;
constexpr double kRight = 992;
constexpr double kTop = 14;
constexpr double kBottom = 190;

/// A parameter that trials differ in.
struct Parameter {
  const char* name;
  std::function<double(const Trial&)> of;
  bool logarithmic;
};

const std::vector<Parameter>& parameters() {
  static const std::vector<Parameter> all = {
      {"trees", [](const Trial& t) { return t.options.forest.trees; }, true},
      {"samples a tree", [](const Trial& t) { return t.options.forest.max_samples; }, true},
      {"share of features a tree", [](const Trial& t) { return t.options.forest.max_features; },
       false},
      {"contamination", [](const Trial& t) { return t.options.contamination; }, true},
      {"window", [](const Trial& t) { return t.options.features.window; }, false},
      {"short half-life", [](const Trial& t) { return t.options.features.short_half_life; }, true},
      {"long half-life", [](const Trial& t) { return t.options.features.long_half_life; }, true},
  };
  return all;
}

/// Draws points and lines in a box with numbered edges.
class Plot {
 public:
  Plot(double x_low, double x_high, double y_low, double y_high)
      : x_low_(x_low), x_high_(x_high), y_low_(y_low), y_high_(y_high) {}

  [[nodiscard]] double x(double value) const {
    return x_high_ > x_low_ ? kLeft + (value - x_low_) / (x_high_ - x_low_) * (kRight - kLeft)
                            : (kLeft + kRight) / 2;
  }
  [[nodiscard]] double y(double value) const {
    return y_high_ > y_low_ ? kBottom - (value - y_low_) / (y_high_ - y_low_) * (kBottom - kTop)
                            : (kTop + kBottom) / 2;
  }
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }
  void begin(const char* label, const std::string& from, const std::string& to) {
    put("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">", kWidth, kHeight, label);
    put("<path class=\"g\" d=\"M{0} {1}H{2}M{0} {3}H{2}\"/>", kLeft, kTop, kRight, kBottom);
    put("<text class=\"y\" x=\"46\" y=\"{}\">{:.4g}</text>", kTop + 4, y_high_);
    put("<text class=\"y\" x=\"46\" y=\"{}\">{:.4g}</text>", kBottom + 4, y_low_);
    put("<text x=\"{}\" y=\"208\">{}</text>", kLeft, from);
    put("<text class=\"y\" x=\"{}\" y=\"208\">{}</text>", kRight, to);
  }
  void dot(double at_x, double at_y, const char* kind, const std::string& title) {
    put("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"><title>{}</title></circle>", kind,
        x(at_x), y(at_y), escape_html(title));
  }
  std::string end() {
    put("</svg>");
    return std::move(out_);
  }

 private:
  double x_low_, x_high_, y_low_, y_high_;
  std::string out_;
};

std::string title_of(const Trial& trial) {
  std::string text = fmt::format("trial {}: {:.2f}", trial.number + 1, trial.criterion);
  for (const Parameter& parameter : parameters()) {
    text += fmt::format(", {} {:.4g}", parameter.name, parameter.of(trial));
  }
  return text;
}

/// Trials without a result (-infinity) are drawn nowhere.
std::vector<const Trial*> judged(const TuningResult& result) {
  std::vector<const Trial*> trials;
  for (const Trial& trial : result.trials) {
    if (std::isfinite(trial.criterion)) trials.push_back(&trial);
  }
  return trials;
}

struct Range {
  double low = std::numeric_limits<double>::max();
  double high = std::numeric_limits<double>::lowest();
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

std::string draw_progress(const TuningResult& result) {
  const auto trials = judged(result);
  Range range;
  for (const Trial* trial : trials) range.add(trial->criterion);
  if (trials.empty()) return {};
  Plot plot(1, static_cast<double>(result.trials.size()), range.low, range.high);
  plot.begin("criterion by trial", "trial 1", fmt::format("trial {}", result.trials.size()));
  double best = range.low;
  std::string path;
  for (const Trial* trial : trials) {
    const auto number = static_cast<double>(trial->number + 1);
    if (path.empty()) {
      path = fmt::format("M{:.1f} {:.1f}", plot.x(number), plot.y(trial->criterion));
    }
    best = std::max(best, trial->criterion);
    path += fmt::format("H{:.1f}V{:.1f}", plot.x(number), plot.y(best));
  }
  plot.put("<path class=\"v\" d=\"{}\"/>", path);
  for (const Trial* trial : trials) {
    plot.dot(static_cast<double>(trial->number + 1), trial->criterion,
             trial->number == result.best ? "a" : "d", title_of(*trial));
  }
  return plot.end();
}

std::string draw_parameter(const TuningResult& result, const Parameter& parameter) {
  const auto place = [&](const Trial& trial) {
    const double value = parameter.of(trial);
    return parameter.logarithmic ? std::log(value) : value;
  };
  Range across;
  Range up;
  Range shown;
  for (const Trial* trial : judged(result)) {
    across.add(place(*trial));
    shown.add(parameter.of(*trial));
    up.add(trial->criterion);
  }
  if (!(across.high > across.low)) return {};  // the same in all trials
  Plot plot(across.low, across.high, up.low, up.high);
  plot.begin(parameter.name, fmt::format("{:.4g}", shown.low), fmt::format("{:.4g}", shown.high));
  for (const Trial* trial : judged(result)) {
    plot.dot(place(*trial), trial->criterion, trial->number == result.best ? "a" : "d",
             title_of(*trial));
  }
  return fmt::format(
      "<section><header><h2>{}</h2><span>criterion against {}{}</span></header>{}</section>",
      parameter.name, parameter.name, parameter.logarithmic ? ", logarithmic" : "", plot.end());
}

std::string make_table(const TuningResult& result) {
  std::vector<const Trial*> order;
  for (const Trial& trial : result.trials) order.push_back(&trial);
  std::stable_sort(order.begin(), order.end(),
                   [](const Trial* a, const Trial* b) { return a->criterion > b->criterion; });
  std::string out =
      "<div class=\"sheet\"><table><tr><th class=\"n\">Trial</th>"
      "<th class=\"n\">Criterion</th><th>Of each fold</th>"
      "<th class=\"n\">Alarms in 1,000</th>";
  for (const Parameter& parameter : parameters()) {
    out += fmt::format("<th class=\"n\">{}</th>", parameter.name);
  }
  out += "<th>With replacement</th></tr>";
  for (const Trial* trial : order) {
    std::string folds;
    for (const double fold : trial->fold_criteria) folds += fmt::format("{:.2f} ", fold);
    out += fmt::format(
        "<tr{}><td class=\"n\">{}</td><td class=\"n\">{:.2f}</td><td>{}</td>"
        "<td class=\"n\">{:.2f}</td>",
        trial->number == result.best ? " class=\"yes\"" : "", trial->number + 1, trial->criterion,
        folds, trial->alarms_per_1000);
    for (const Parameter& parameter : parameters()) {
      out += fmt::format("<td class=\"n\">{:.4g}</td>", parameter.of(*trial));
    }
    out += fmt::format("<td>{}</td></tr>", trial->options.forest.bootstrap ? "yes" : "no");
  }
  return out + "</table></div>";
}

}  // namespace

std::string make_trials_report(const TuningResult& result, const std::string& data) {
  std::string page =
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><title>Tuning of the isolation forest</title>"
      "<style>";
  page += kReportStyle;
  page +=
      ".d{fill:var(--value);fill-opacity:.6}</style></head><body><main>"
      "<h1>Tuning of the isolation forest</h1>";
  page += fmt::format(
      "<p>{} trials, judged by {}: the higher, the better. Each series was judged once, record by "
      "record, by a model of the other folds' series. {}</p>",
      result.trials.size(), escape_html(result.criterion), escape_html(data));
  page += fmt::format(
      "<section><header><h2>Criterion by trial</h2><span>the line is the best so far; the best of "
      "all is trial {} with {:.2f}</span></header>{}</section>",
      result.trials[result.best].number + 1, result.trials[result.best].criterion,
      draw_progress(result));
  page += make_table(result);
  for (const Parameter& parameter : parameters()) page += draw_parameter(result, parameter);
  return page + "</main></body></html>\n";
}

}  // namespace anomaly
