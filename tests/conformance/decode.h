#pragma once

#include "scenario.h"

#include <millstream/testing/topology_test_driver.h>

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace millstream::conformance {

using Json = nlohmann::json;

/// A piped record's bytes, as the vectors say them.
[[nodiscard]] RawTestRecord to_record(const Json& pipe);
/// A written record, as the vectors say it, with headers if they are asked for.
[[nodiscard]] Json to_json(const RawTestRecord& record, const Scenario::Output& output,
                           bool with_headers);
/// A store's rows, as the vectors list them.
[[nodiscard]] Json rows_of(TopologyTestDriver& driver, const std::string& name,
                           const Scenario::Store& store);
/// A versioned store's answer, as the vectors say it.
[[nodiscard]] Json versioned_get(TopologyTestDriver& driver, const Json& get,
                                 const Scenario::Store& store);

}  // namespace millstream::conformance
