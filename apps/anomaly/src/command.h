#pragma once

#include <millstream/core/result.h>
#include <millstream/core/time.h>

#include <functional>
#include <string>

#include "settings.h"
#include "stop_signal.h"

namespace CLI {
class App;
}

namespace anomaly {

/// What a subcommand is given by `main`.
struct CommandContext {
  const millstream::Clock& clock;
  StopSignal& stop;
  /// The command serves metrics unless told otherwise.
  bool serves_metrics = false;
};

/// What the chosen subcommand does. **Errors**: user: exit status 2; else 1.
using Action = std::function<millstream::Status(CommandContext&)>;

/// Each adds its subcommand to the program; parsing it sets `chosen`.
void add_demo_command(CLI::App& program, Action& chosen);
void add_train_command(CLI::App& program, Action& chosen);
void add_produce_command(CLI::App& program, Action& chosen);
void add_detect_command(CLI::App& program, Action& chosen);
void add_alert_command(CLI::App& program, Action& chosen);
void add_run_command(CLI::App& program, Action& chosen);
void add_nab_score_command(CLI::App& program, Action& chosen);
void add_nab_run_command(CLI::App& program, Action& chosen);
void add_features_command(CLI::App& program, Action& chosen);
void add_import_command(CLI::App& program, Action& chosen);
void add_publish_command(CLI::App& program, Action& chosen);

/// `--config` and `-X`, which every service takes.
void add_setting_options(CLI::App& command, SettingArguments& arguments);

/// `--detector`, in place of the setting anomaly.detector.
void add_detector_option(CLI::App& command, std::string& detector);

/// Read the settings and say on standard error which ones nobody knows.
millstream::Result<millstream::Config> read_settings(const SettingArguments& arguments);

}  // namespace anomaly
