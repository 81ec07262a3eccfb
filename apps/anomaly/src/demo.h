#pragma once

#include <millstream/core/result.h>

#include "command.h"
#include "demo_options.h"
#include "terminal.h"

namespace anomaly {

/// Train, replay, detect, show and report, in one process. Killed at any moment and run again it
/// goes on where it was. **Errors**: user: data, folder, settings; machine: the rest.
millstream::Status run_demo(const DemoOptions& options, CommandContext& context,
                            Terminal& terminal);

}  // namespace anomaly
