#pragma once

#include <millstream/core/config.h>
#include <millstream/core/result.h>

#include <string>
#include <string_view>
#include <vector>

namespace anomaly {

/// What the user said: a file of settings, and single ones, which win.
struct SettingArguments {
  std::string file;                   ///< `--config FILE.properties`
  std::vector<std::string> settings;  ///< `-X name=value`
};

/// Read the settings. Unknown ones are told through `warn`, with the nearest known name.
/// **Errors**: user: a file that isn't there or doesn't parse, an argument without `=`.
millstream::Result<millstream::Config> load_settings(const SettingArguments& arguments,
                                                     std::vector<std::string>& warnings);

/// Settings under which the service runs where nothing else is said: exactly-once, two threads, bad
/// records to the dead letters.
millstream::Config with_service_defaults(millstream::Config config);

}  // namespace anomaly
