#pragma once

#include <millstream/core/windowed.h>

#include <string>

#include "messages.h"

namespace anomaly {

/// Take one more anomalous score into an incident; an incident of no scores is `Alert()`.
Alert add_to_incident(const Score& score, Alert incident);

/// Make one of two incidents of the same series. Neither order nor grouping changes the result.
Alert merge_incidents(const Alert& a, const Alert& b);

/// The alert of an incident that is over: with its id, which follows from series and start.
Alert finish_incident(const std::string& series, const millstream::Window& session, Alert incident);

}  // namespace anomaly
