#include "mail_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace anomaly {

namespace {

constexpr double kPlotHeight = 48;  // CSS pixels

struct Column {
  double value = 0;
  bool anomalous = false;
};

double distance(double value, double from) { return std::abs(value - from); }

std::vector<AlertPoint> numbers(const std::vector<AlertPoint>& points) {
  std::vector<AlertPoint> out;
  std::copy_if(points.begin(), points.end(), std::back_inserter(out),
               [](const AlertPoint& point) { return std::isfinite(point.value); });
  return out;
}

std::vector<Column> columns_of(const std::vector<AlertPoint>& points, const AlertNotice& notice,
                               std::size_t width) {
  double mean = 0;
  for (const AlertPoint& point : points) mean += point.value / static_cast<double>(points.size());
  std::vector<Column> out(std::min(width, points.size()), {mean, false});
  for (std::size_t i = 0; i < points.size(); ++i) {
    Column& column = out[i * out.size() / points.size()];
    const AlertPoint& point = points[i];
    if (distance(point.value, mean) >= distance(column.value, mean)) column.value = point.value;
    column.anomalous |= notice.start <= point.time && point.time <= notice.end;
  }
  return out;
}

}  // namespace

std::vector<PlotColumn> plot_columns(const AlertNotice& notice, std::size_t width) {
  const std::vector<Column> columns = columns_of(numbers(notice.recent), notice, width);
  if (columns.empty()) return {};
  const auto [low, high] =
      std::minmax_element(columns.begin(), columns.end(),
                          [](const Column& a, const Column& b) { return a.value < b.value; });
  const double range = high->value - low->value;
  std::vector<PlotColumn> out;
  for (const Column& column : columns) {
    out.push_back({range > 0 ? (column.value - low->value) / range : 0.5, column.anomalous});
  }
  return out;
}

std::string text_plot(const std::vector<PlotColumn>& columns) {
  constexpr std::array<std::string_view, 8> kBlocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string out;
  for (const PlotColumn& column : columns) {
    out += kBlocks[static_cast<std::size_t>(std::clamp(std::lround(column.height * 7), 0L, 7L))];
  }
  return out;
}

std::string html_plot(const std::vector<PlotColumn>& columns) {
  if (columns.empty()) return {};
  std::string out =
      "<table role=\"img\" aria-label=\"recent values\" cellspacing=\"0\" cellpadding=\"0\" "
      "border=\"0\" style=\"border-collapse:collapse\">\n<tr>\n";
  for (const PlotColumn& column : columns) {
    const long height = std::lround(2 + column.height * (kPlotHeight - 2));
    out += "<td valign=\"bottom\" height=\"" + std::to_string(std::lround(kPlotHeight)) +
           "\" style=\"padding:0 1px 0 0;vertical-align:bottom\"><div style=\"width:5px;height:" +
           std::to_string(height) +
           "px;line-height:0;font-size:0;background:" + (column.anomalous ? "#d03030" : "#7f9bb8") +
           "\"></div></td>\n";
  }
  return out + "</tr>\n</table>\n";
}

}  // namespace anomaly
