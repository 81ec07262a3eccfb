#include "downsample.h"

#include <algorithm>
#include <numeric>

namespace anomaly {

std::vector<std::size_t> preserve_extremes(std::span<const double> values, std::size_t limit) {
  std::vector<std::size_t> chosen;
  if (values.size() <= limit) {
    chosen.resize(values.size());
    std::iota(chosen.begin(), chosen.end(), std::size_t{0});
    return chosen;
  }
  const std::size_t stretches = std::max<std::size_t>(limit / 2, 2) - 1;
  chosen.push_back(0);
  for (std::size_t s = 0; s < stretches; ++s) {
    const std::size_t begin = s * values.size() / stretches;
    const std::size_t end = (s + 1) * values.size() / stretches;
    const auto [low, high] =
        std::minmax_element(values.begin() + static_cast<std::ptrdiff_t>(begin),
                            values.begin() + static_cast<std::ptrdiff_t>(end));
    const auto first = static_cast<std::size_t>(std::min(low, high) - values.begin());
    const auto second = static_cast<std::size_t>(std::max(low, high) - values.begin());
    for (const std::size_t index : {first, second}) {
      if (index != chosen.back()) chosen.push_back(index);
    }
  }
  if (chosen.back() != values.size() - 1) chosen.push_back(values.size() - 1);
  return chosen;
}

}  // namespace anomaly
