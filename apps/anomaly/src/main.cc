#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>

#include "command.h"

namespace {

constexpr int kRunTimeError = 1;
constexpr int kUsageError = 2;

/// Parse the arguments; the exit status where that is the end already.
std::optional<int> parse(CLI::App& program, int argc, char** argv) {
  try {
    program.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : kUsageError;
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program("Finds anomalies in streams of metrics.", "anomaly");
  program.require_subcommand(1);
  program.fallthrough(false);
  anomaly::Action action;
  anomaly::add_demo_command(program, action);
  anomaly::add_train_command(program, action);
  anomaly::add_produce_command(program, action);
  anomaly::add_detect_command(program, action);
  anomaly::add_alert_command(program, action);
  anomaly::add_run_command(program, action);
  anomaly::add_nab_run_command(program, action);
  anomaly::add_nab_score_command(program, action);
  anomaly::add_features_command(program, action);
  anomaly::add_import_command(program, action);
  anomaly::add_publish_command(program, action);
  if (const auto status = parse(program, argc, argv)) return *status;

  const millstream::SystemClock clock;
  anomaly::StopSignal stop;
  anomaly::CommandContext context{clock, stop};
  const millstream::Status status = action(context);
  if (status) return 0;
  fmt::print(stderr, "anomaly: {}\n", status.error().message());
  return status.error().kind() == millstream::ErrorKind::kUser ? kUsageError : kRunTimeError;
}
