#pragma once

#include <millstream/forest/training.h>

#include <string>

namespace anomaly {

/// A page about a search for better options, complete in itself: what was tried and what it came
/// to, as pictures and as a table, the best first. `data` says in words what it was judged on.
std::string make_trials_report(const millstream::forest::TuningResult& result,
                               const std::string& data);

}  // namespace anomaly
