#pragma once

#include "registry.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>

namespace millstream::conformance {

using Json = nlohmann::json;

/// kAbort: each record is processed, lost before its commit, and processed again after the task has
/// gone back; results must be the same, side effects of functions are not compared.
enum class RunMode { kPlain, kAbort };

/// Run one case of a vector file. Nothing: it passed; else what was expected where, and what came.
[[nodiscard]] std::optional<std::string> run_case(const Kind& kind, const Json& vector_case,
                                                  const std::string& step_order, RunMode mode);

/// Compare one entry of describe.json. Nothing: equal.
[[nodiscard]] std::optional<std::string> run_description(const Kind& kind, const Json& entry);

/// The parameters of a case as text.
[[nodiscard]] Params params_of(const Json& params);

}  // namespace millstream::conformance
