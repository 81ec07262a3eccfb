#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data_set.h"
#include "results.h"

namespace anomaly {

/// What stands above the charts beside the figures that the report counts itself.
struct ReportFacts {
  std::string title;
  std::vector<std::pair<std::string, std::string>> details;  ///< Name and text, for the page's end.
};

/// One HTML page, complete in itself: figures, a table of the series, and for each series its
/// values with anomalies and incidents, the score with its threshold, and the labelled windows.
/// Works without network and scripts, light and dark.
std::string make_report(const DataSet& data, const Results& results, const ReportFacts& facts);

}  // namespace anomaly
