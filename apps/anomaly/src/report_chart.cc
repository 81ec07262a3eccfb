#include "report_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "downsample.h"
#include "mail_encoding.h"
#include "text_format.h"

namespace anomaly {

namespace {

constexpr std::size_t kPointsShown = 1500;
constexpr std::size_t kMarksShown = 300;
constexpr double kLeft = 52;
constexpr double kRight = 992;
constexpr double kValueTop = 14;
constexpr double kValueBottom = 168;
constexpr double kScoreTop = 186;
constexpr double kScoreBottom = 236;
constexpr double kHeight = 258;

/// From one range of numbers to another.
class Scale {
 public:
  Scale(double from, double to, double out_from, double out_to)
      : from_(from), factor_(to > from ? (out_to - out_from) / (to - from) : 0), out_(out_from) {
    if (factor_ == 0) out_ = (out_from + out_to) / 2;
  }
  [[nodiscard]] double operator()(double x) const { return out_ + (x - from_) * factor_; }

 private:
  double from_;
  double factor_;
  double out_;
};

struct Range {
  double low = std::numeric_limits<double>::max();
  double high = std::numeric_limits<double>::lowest();

  void add(double x) {
    low = std::min(low, x);
    high = std::max(high, x);
  }
};

/// Draws one series; what all parts need is computed once.
class Chart {
 public:
  Chart(const SeriesFindings& findings, double threshold)
      : findings_(findings), threshold_(threshold) {
    for (const ScoredPoint& point : *findings.points) {
      times_.add(static_cast<double>(point.timestamp_ms));
      values_.add(point.value);
      scores_.add(point.score);
    }
    scores_.high = std::max(scores_.high, threshold);
  }

  std::string draw() {
    put("<svg viewBox=\"0 0 1000 {}\" role=\"img\" aria-label=\"{}\">", kHeight,
        escape_html(findings_.name));
    draw_windows();
    draw_incidents();
    draw_axes();
    draw_line("v", y_value(), [](const ScoredPoint& p) { return p.value; });
    draw_line("s", y_score(), [](const ScoredPoint& p) { return p.score; });
    draw_threshold();
    draw_marks();
    put("</svg>");
    return std::move(out_);
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }
  [[nodiscard]] Scale x() const { return {times_.low, times_.high, kLeft, kRight}; }
  [[nodiscard]] Scale y_value() const {
    return {values_.low, values_.high, kValueBottom, kValueTop};
  }
  [[nodiscard]] Scale y_score() const {
    return {scores_.low, scores_.high, kScoreBottom, kScoreTop};
  }

  /// A box over some time, at least as wide as can be seen.
  void draw_box(const char* css_class, std::int64_t from, std::int64_t to, double top,
                double bottom, const std::string& title) {
    const double left = x()(static_cast<double>(from));
    const double width = std::max(x()(static_cast<double>(to)) - left, 2.0);
    put("<rect class=\"{}\" x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" "
        "height=\"{}\"><title>{}</title></rect>",
        css_class, left, top, width, bottom - top, escape_html(title));
  }
  void draw_windows();
  void draw_incidents();
  void draw_axes();
  void draw_threshold();
  void draw_marks();
  template <class Get>
  void draw_line(const char* css_class, const Scale& y, Get get);

  const SeriesFindings& findings_;
  double threshold_;
  Range times_;
  Range values_;
  Range scores_;
  std::string out_;
};

void Chart::draw_windows() {
  if (findings_.labels == nullptr) return;
  for (const auto& window : findings_.labels->windows) {
    const std::int64_t from = findings_.labels->points[window.first].timestamp_ms;
    const std::int64_t to = findings_.labels->points[window.last].timestamp_ms;
    draw_box("w", from, to, kValueTop - 6, kScoreBottom,
             fmt::format("labelled anomaly: {} to {}", short_time(from), short_time(to)));
  }
}

void Chart::draw_incidents() {
  for (const Alert* alert : findings_.alerts) {
    draw_box("i", alert->start_ms, alert->end_ms, kValueTop - 10, kValueTop - 5,
             fmt::format("alert: {}, {}, {} anomalous, peak score {:.3f}",
                         short_time(alert->start_ms), short_span(alert->end_ms - alert->start_ms),
                         counted(static_cast<std::uint64_t>(alert->count), "record"),
                         alert->peak_score));
  }
}

void Chart::draw_axes() {
  for (const double level : {values_.low, (values_.low + values_.high) / 2, values_.high}) {
    const double y = y_value()(level);
    put("<path class=\"g\" d=\"M{} {:.1f}H{}\"/><text x=\"{}\" y=\"{:.1f}\" class=\"y\">{}</text>",
        kLeft, y, kRight, kLeft - 6, y + 3.5, short_number(level));
  }
  constexpr int kTicks = 5;
  for (int tick = 0; tick <= kTicks; ++tick) {
    const double time = times_.low + (times_.high - times_.low) * tick / kTicks;
    const char* anchor = tick == 0 ? "start" : tick == kTicks ? "end" : "middle";
    put("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"{}\">{}</text>", x()(time), kHeight - 6, anchor,
        short_time(static_cast<std::int64_t>(time)).substr(0, 10));
  }
}

void Chart::draw_threshold() {
  const double y = y_score()(threshold_);
  put("<path class=\"t\" d=\"M{} {:.1f}H{}\"/>", kLeft, y, kRight);
  put("<text x=\"{}\" y=\"{:.1f}\" class=\"y\">{:.2f}</text>", kLeft - 6, y + 3.5, threshold_);
}

template <class Get>
void Chart::draw_line(const char* css_class, const Scale& y, Get get) {
  std::vector<double> values;
  values.reserve(findings_.points->size());
  for (const ScoredPoint& point : *findings_.points) values.push_back(get(point));
  put("<polyline class=\"{}\" points=\"", css_class);
  for (const std::size_t i : preserve_extremes(values, kPointsShown)) {
    put("{:.1f},{:.1f} ", x()(static_cast<double>((*findings_.points)[i].timestamp_ms)),
        y(values[i]));
  }
  put("\"/>");
}

/// The anomalies, the highest scores first where there are too many to show.
void Chart::draw_marks() {
  std::vector<const ScoredPoint*> marked;
  for (const ScoredPoint& point : *findings_.points) {
    if (point.anomaly) marked.push_back(&point);
  }
  std::stable_sort(marked.begin(), marked.end(),
                   [](const ScoredPoint* a, const ScoredPoint* b) { return a->score > b->score; });
  if (marked.size() > kMarksShown) marked.resize(kMarksShown);
  for (const ScoredPoint* point : marked) {
    put("<circle class=\"a\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.4\"><title>{}, value {}, score "
        "{:.3f}</title></circle>",
        x()(static_cast<double>(point->timestamp_ms)), y_value()(point->value),
        short_time(point->timestamp_ms), short_number(point->value), point->score);
  }
}

}  // namespace

std::string make_chart(const SeriesFindings& findings, double threshold) {
  return Chart(findings, threshold).draw();
}

}  // namespace anomaly
