#pragma once

#include <millstream/forest/model.h>
#include <millstream/runtime/thread_metadata.h>

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

#include "api_results.h"
#include "api_sampler.h"

namespace anomaly {

// The JSON of the API, one function a kind of thing. Times are milliseconds since 1970 (`…_ms`),
// durations seconds; what isn't known is null. docs/operations.md lists the documents.

[[nodiscard]] nlohmann::ordered_json json_of(const Quantiles& quantiles);
[[nodiscard]] nlohmann::ordered_json json_of(const MetricTotals& totals);
/// One row, in the order of `sample_fields`.
[[nodiscard]] nlohmann::ordered_json json_of(const Sample& sample);
[[nodiscard]] nlohmann::ordered_json sample_fields();
[[nodiscard]] nlohmann::ordered_json json_of(const millstream::TaskMetadata& task);
[[nodiscard]] nlohmann::ordered_json json_of(const millstream::ThreadMetadata& thread);
[[nodiscard]] nlohmann::ordered_json json_of(const SeenIncident& incident);
[[nodiscard]] nlohmann::ordered_json json_of(const RecentResults::SeenAlert& alert);
[[nodiscard]] nlohmann::ordered_json json_of(const std::vector<SeriesPoint>& points);
[[nodiscard]] nlohmann::ordered_json json_of(const millstream::forest::Model& model);
/// Rates of edges and source topics, and the sizes of the stores over all tasks.
[[nodiscard]] nlohmann::ordered_json rates_json(
    const Sampler& sampler, const std::vector<millstream::ThreadMetadata>& threads);

}  // namespace anomaly
