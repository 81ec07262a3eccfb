#pragma once

#include <string>
#include <vector>

#include "alert_notice.h"

namespace anomaly {

/// What a plot shows of a value column: its height from 0 to 1, and whether it lies in the alert.
struct PlotColumn {
  double height = 0;
  bool anomalous = false;
};

/// The notice's recent values in at most `width` columns; neighbours share a column by their
/// extreme value, so that a spike stays a spike. Values that are no numbers are left out.
[[nodiscard]] std::vector<PlotColumn> plot_columns(const AlertNotice& notice, std::size_t width);

/// A line of block characters: "▁▁▂▁▇█▂".
[[nodiscard]] std::string text_plot(const std::vector<PlotColumn>& columns);

/// A small bar chart as an HTML table: mail clients drop SVG, but all draw this.
[[nodiscard]] std::string html_plot(const std::vector<PlotColumn>& columns);

}  // namespace anomaly
