#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "command.h"
#include "demo.h"

namespace anomaly {

void add_demo_command(CLI::App& program, Action& chosen) {
  const auto options = std::make_shared<DemoOptions>();
  CLI::App& demo = *program.add_subcommand(
      "demo", "Find anomalies in NAB data: all services in one process, nothing else needed");
  demo.add_option("--data", options->data,
                  "Folder with NAB's layout, folder or pattern of CSV files "
                  "(default: NAB, else the project's sample)")
      ->type_name("DIR");
  demo.add_option("--out", options->folder.root, "Where state, model, report and mails go")
      ->type_name("DIR")
      ->capture_default_str();
  demo.add_flag("--fresh", options->fresh, "Start over: drop what an earlier run left in --out");
  demo.add_option("--rate", options->rate, "Records a second at most (default: no bound)")
      ->check(CLI::NonNegativeNumber);
  demo.add_option("--output", "text, or json: one object in the last line, the rest on stderr")
      ->check(CLI::IsMember({"text", "json"}))
      ->each([options](const std::string& format) { options->json = format == "json"; });
  demo.add_option("--tune", options->trials, "Trials of tuning before training")
      ->capture_default_str();
  demo.add_option("--seed", options->seed, "Of training")->capture_default_str();
  demo.add_flag("!--no-fetch", options->may_fetch, "Don't try to download NAB");
  add_detector_option(demo, options->detector);
  add_setting_options(demo, options->settings);
  demo.callback([options, &chosen] {
    chosen = [options](CommandContext& context) {
      Terminal terminal(options->json ? stderr : stdout);
      return run_demo(*options, context, terminal);
    };
  });
}

}  // namespace anomaly
