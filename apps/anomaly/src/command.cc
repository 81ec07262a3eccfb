#include "command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

namespace anomaly {

void add_setting_options(CLI::App& command, SettingArguments& arguments) {
  command.add_option("--config", arguments.file, "A .properties file of settings")
      ->type_name("FILE");
  command
      .add_option("-X", arguments.settings,
                  "A setting, named as in Kafka Streams and librdkafka; wins over the file")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
}

void add_detector_option(CLI::App& command, std::string& detector) {
  command
      .add_option("--detector", detector,
                  "offline: the forest of `anomaly train` (default); per-series: a plain forest a "
                  "series; online: box-aware forests a series. The last two need no model")
      ->check(CLI::IsMember({"offline", "per-series", "online"}));
}

millstream::Result<millstream::Config> read_settings(const SettingArguments& arguments) {
  std::vector<std::string> warnings;
  auto config = load_settings(arguments, warnings);
  for (const std::string& warning : warnings) fmt::print(stderr, "anomaly: warning: {}\n", warning);
  return config;
}

}  // namespace anomaly
