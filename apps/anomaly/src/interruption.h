#pragma once

namespace anomaly {

/// From here on the first SIGINT or SIGTERM ends the process at once: for commands that have
/// nothing to finish, since StopSignal holds signals back until somebody asks.
void let_signals_through();

}  // namespace anomaly
