#pragma once

#include <millstream/topology/built_topology.h>

#include "log.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::simulation {

/// What the model of a task remembers: the rows that its stores must have, and what else it needs.
struct ModelState {
  std::map<std::string, std::map<std::string, std::string>> stores;
  /// Not in a store: the operators' own state.
  std::int64_t counter = 0;
  /// Joins: what each side has, by key.
  struct Side {
    std::string value;
    Timestamp time;
  };
  std::map<std::string, std::vector<Side>> left;
  std::map<std::string, std::vector<Side>> right;
};

/// A record that a task must have put out.
struct ModelOutput {
  std::string topic;
  std::string key;
  std::string value;
};

/// A topology to be simulated, with a second description of what it does, as simple as it can be.
struct Application {
  std::string name;
  std::shared_ptr<const BuiltTopology> topology;
  std::vector<std::string> inputs;
  /// What one record of a source topic does to a task.
  std::function<void(ModelState&, int subtopology, const std::string& topic, const LogEntry&,
                     std::vector<ModelOutput>&)>
      replay;
  /// The topics that `replay` says everything about.
  std::vector<std::string> outputs;
  /// The outputs of one key come in the order of `replay`'s; else in any.
  bool ordered = true;
  /// The part of an output that says of which records it is; null: outputs don't say it.
  std::function<std::string(const std::string&)> result_of;
  /// Rows of the stores are rows of the changelog, so that they can be compared.
  bool comparable = true;
  /// All stores are on disk, and a task has one source.
  bool kept = true;
};

/// All of them; made once.
[[nodiscard]] const std::vector<Application>& applications();

inline const std::string kApplicationId = "sim";
/// The fail-point in the processors: the user's code runs.
inline constexpr std::string_view kInProcessor = "processor";

}  // namespace millstream::simulation
