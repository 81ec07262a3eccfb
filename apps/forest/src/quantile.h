#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace millstream::forest {

// The share-quantile of values with linear interpolation, as numpy.percentile. Not for no values.
inline double quantile(std::vector<double> values, double share) {
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(std::floor(place));
  std::nth_element(values.begin(), values.begin() + below, values.end());
  const double low = values[static_cast<std::size_t>(below)];
  if (below + 1 == static_cast<std::ptrdiff_t>(values.size())) {
    return low;
  }
  const double high = *std::min_element(values.begin() + below + 1, values.end());
  return low + (high - low) * (place - static_cast<double>(below));
}

}  // namespace millstream::forest
