#pragma once

#include <millstream/core/result.h>

#include <filesystem>
#include <optional>

namespace anomaly {

/// What a run measured of itself.
struct DemoFigures {
  double records_per_second = 0;
  /// From reading to the score; nothing: no record was scored.
  std::optional<double> latency_p50_ms;
  std::optional<double> latency_p99_ms;
};

/// The figures of the run that did the work: `measured`, which are kept in `file`, or, where a run
/// found everything done, those of the last one that didn't. **Errors**: machine: path and reason.
millstream::Result<DemoFigures> figures_of_work(const std::filesystem::path& file,
                                                const DemoFigures& measured);

}  // namespace anomaly
