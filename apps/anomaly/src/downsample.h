#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace anomaly {

/// Choose at most about `limit` of the values so that a line through them looks like the line
/// through all: of each stretch its lowest and its highest, in their order; the first and the last.
/// Returns ascending indices; all of them if there are no more than `limit`.
std::vector<std::size_t> preserve_extremes(std::span<const double> values, std::size_t limit);

}  // namespace anomaly
