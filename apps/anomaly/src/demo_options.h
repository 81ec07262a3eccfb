#pragma once

#include <cstdint>
#include <string>

#include "demo_folder.h"
#include "settings.h"

namespace anomaly {

/// What the user said to `anomaly demo`.
struct DemoOptions {
  std::string data;
  DemoFolder folder;
  bool fresh = false;
  bool may_fetch = true;
  bool json = false;
  double rate = 0;
  std::size_t trials = 6;
  std::uint64_t seed = 1;
  std::string detector;  ///< In place of the setting anomaly.detector.
  SettingArguments settings;
};

}  // namespace anomaly
