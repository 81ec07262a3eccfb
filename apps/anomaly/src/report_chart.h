#pragma once

#include <string>

#include "findings.h"

namespace anomaly {

/// The SVG of one series: its values, below them the scores.
std::string make_chart(const SeriesFindings& findings, double threshold);

}  // namespace anomaly
