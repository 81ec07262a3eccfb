#include "vector_case.h"

#include "decode.h"

#include <millstream/testing/topology_test_driver.h>

#include <algorithm>
#include <exception>
#include <map>
#include <stdexcept>
#include <utility>

namespace millstream::conformance {

namespace {

std::shared_ptr<const BuiltTopology> build(const Kind& kind, Scenario& scenario) {
  kind.build(scenario);
  auto built =
      scenario.topology ? scenario.topology->build() : scenario.builder.build(scenario.config);
  if (!built) throw std::runtime_error(std::string(built.error().message()));
  return *std::move(built);
}

const Scenario::Output* find_output(const Scenario& scenario, const std::string& topic) {
  for (const auto& [name, output] : scenario.outputs) {
    if (name == topic) return &output;
    if (name.ends_with('*') && topic.starts_with(name.substr(0, name.size() - 1))) return &output;
  }
  return nullptr;
}

/// The driven topology of one case.
class CaseRun {
 public:
  CaseRun(const Kind& kind, const Json& vector_case, const std::string& step_order, RunMode mode)
      : case_(vector_case),
        step_order_(step_order),
        mode_(mode),
        scenario_(params_of(vector_case.at("params"))),
        topology_(build(kind, scenario_)) {}

  std::optional<std::string> run() {
    driver_.emplace(topology_,
                    TopologyTestDriverOptions{.config = scenario_.config,
                                              .handlers = scenario_.handlers,
                                              .abort_once_a_record = mode_ == RunMode::kAbort});
    const Json& steps = case_.at("steps");
    for (std::size_t i = 0; i < steps.size(); ++i) {
      scenario_.effects->emplace_back();
      const Json& expected = case_.at("expected").at(i);
      if (auto fault = run_step(steps.at(i), expected)) {
        return "step " + std::to_string(i + 1) + " " + steps.at(i).dump() + "\n" + *fault;
      }
      if (expected.is_object()) return std::nullopt;
    }
    return check_end();
  }

 private:
  static std::optional<std::string> differ(const std::string& what, const Json& expected,
                                           const Json& got) {
    if (expected == got) return std::nullopt;
    return "    expected " + what + expected.dump() + "\n    got      " + what + got.dump();
  }

  std::optional<std::string> run_step(const Json& step, const Json& expected) {
    const bool throws = expected.is_object();
    try {
      if (step.contains("pipe")) {
        driver_->pipe(to_record(step.at("pipe")));
      } else {
        driver_->advance_wall_clock_time(
            Duration(step.at("advance_wall_clock_ms").get<std::int64_t>()));
      }
    } catch (const std::exception& error) {
      if (throws) return std::nullopt;
      return "    expected " + expected.dump() + "\n    but it threw: " + error.what();
    }
    const Json got = take_outputs(wants_headers(expected));
    if (throws) return "    expected it to throw, got " + got.dump();
    return differ("", in_order(expected), in_order(got));
  }

  static bool wants_headers(const Json& expected) {
    return expected.is_array() && !expected.empty() && expected.at(0).contains("headers");
  }

  /// What the step wrote to the topics that the kind shows, in the order of writing.
  Json take_outputs(bool with_headers) {
    std::map<std::uint64_t, Json> ordered;
    for (const std::string& topic : driver_->produced_topic_names()) {
      const Scenario::Output* output = find_output(scenario_, topic);
      if (output == nullptr) continue;
      while (const auto record = driver_->read_raw(topic)) {
        ordered[record->sequence] = to_json(*record, *output, with_headers);
      }
    }
    Json list = Json::array();
    for (auto& [sequence, record] : ordered) list.push_back(std::move(record));
    return list;
  }

  /// Records in an order that makes equal what the file takes as equal.
  [[nodiscard]] Json in_order(Json records) const {
    if (step_order_ == "any") {
      std::sort(records.begin(), records.end());
    } else if (step_order_ == "per_topic") {
      std::stable_sort(records.begin(), records.end(),
                       [](const Json& a, const Json& b) { return a["topic"] < b["topic"]; });
    }
    return records;
  }

  std::optional<std::string> check_end() {
    if (case_.contains("effects") && mode_ == RunMode::kPlain) {
      if (auto fault = differ("effects ", case_.at("effects"), *scenario_.effects)) return fault;
    }
    if (case_.contains("stores")) {
      for (const auto& [name, rows] : case_.at("stores").items()) {
        const auto store = scenario_.stores.find(name);
        if (store == scenario_.stores.end()) return "    the kind doesn't declare store " + name;
        if (auto fault =
                differ("store " + name + " ", rows, rows_of(*driver_, name, store->second))) {
          return fault;
        }
      }
    }
    if (case_.contains("versioned_gets")) return check_versioned();
    return std::nullopt;
  }

  std::optional<std::string> check_versioned() {
    for (const Json& get : case_.at("versioned_gets")) {
      const auto store = scenario_.stores.find(get.at("store").get<std::string>());
      if (store == scenario_.stores.end()) return "    an undeclared store: " + get.dump();
      if (auto fault = differ("of " + get.dump() + " ", get.at("result"),
                              versioned_get(*driver_, get, store->second))) {
        return fault;
      }
    }
    return std::nullopt;
  }

  const Json& case_;
  std::string step_order_;
  RunMode mode_;
  Scenario scenario_;
  std::shared_ptr<const BuiltTopology> topology_;
  std::optional<TopologyTestDriver> driver_;
};

}  // namespace

Params params_of(const Json& params) {
  Params made;
  for (const auto& [name, value] : params.items()) {
    made[name] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return made;
}

std::optional<std::string> run_case(const Kind& kind, const Json& vector_case,
                                    const std::string& step_order, RunMode mode) {
  try {
    return CaseRun(kind, vector_case, step_order, mode).run();
  } catch (const std::exception& error) {
    return std::string("    ") + error.what();
  }
}

std::optional<std::string> run_description(const Kind& kind, const Json& entry) {
  try {
    Params params = params_of(entry.at("params"));
    const std::string optimization = entry.at("optimization");
    params["optimization"] = optimization;
    Scenario scenario(std::move(params));
    scenario.config.set("topology.optimization", optimization);
    const std::string got = build(kind, scenario)->describe();
    const std::string expected = entry.at("text");
    if (got == expected) return std::nullopt;
    return "expected:\n" + expected + "\ngot:\n" + got;
  } catch (const std::exception& error) {
    return std::string("    ") + error.what();
  }
}

}  // namespace millstream::conformance
