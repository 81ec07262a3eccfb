#pragma once

#include <millstream/core/result.h>

#include <filesystem>
#include <string>

namespace anomaly {

/// The demo's folder and what lies in it.
struct DemoFolder {
  std::filesystem::path root = "demo-out";

  [[nodiscard]] std::filesystem::path state() const { return root / "state"; }
  [[nodiscard]] std::filesystem::path model() const {
    return root / "model" / "isolation_forest.model";
  }
  [[nodiscard]] std::filesystem::path report() const { return root / "report.html"; }
  [[nodiscard]] std::filesystem::path scores() const { return root / "scores.csv"; }
  [[nodiscard]] std::filesystem::path mails() const { return root / "mails"; }
  [[nodiscard]] std::filesystem::path figures() const { return state() / "figures.json"; }
  [[nodiscard]] std::filesystem::path log() const { return root / "demo.log"; }
};

/// What a state that is there belongs to: nothing, this run, another run, no run of the demo at
/// all.
enum class DemoState { kNew, kOurs, kOther, kForeign };

/// Whether the folder's state was made for `identity`: data, model, partitions, format.
DemoState look_at_state(const DemoFolder& folder, const std::string& identity);

/// Drop the state, report and mails of an earlier run; the model stays. What no run has made is
/// left alone. **Errors**: user: the state isn't the demo's; machine: path and reason.
millstream::Status drop_state(const DemoFolder& folder);

/// Begin a state for `identity`. **Errors**: machine: path and reason.
millstream::Status begin_state(const DemoFolder& folder, const std::string& identity);

}  // namespace anomaly
