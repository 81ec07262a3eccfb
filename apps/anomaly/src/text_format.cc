#include "text_format.h"

#include <millstream/forest/nab_corpus.h>

#include <fmt/format.h>

#include <cmath>

#include "terminal.h"

namespace anomaly {

std::string short_number(double value) {
  const double size = std::fabs(value);
  if (size >= 1e12) return fmt::format("{:.3g}", value);
  if (size >= 1e9) return fmt::format("{:.2f}G", value / 1e9);
  if (size >= 1e6) return fmt::format("{:.2f}M", value / 1e6);
  if (size >= 1e4) return fmt::format("{:.1f}k", value / 1e3);
  return fmt::format("{:.4g}", value);
}

std::string short_time(std::int64_t timestamp_ms) {
  return millstream::forest::format_timestamp(timestamp_ms).substr(0, 16);
}

std::string short_span(std::int64_t milliseconds) {
  const double minutes = static_cast<double>(milliseconds) / 60'000;
  if (minutes < 1) return fmt::format("{:.0f} s", static_cast<double>(milliseconds) / 1000);
  if (minutes < 120) return fmt::format("{:.0f} min", minutes);
  if (minutes < 48 * 60) return fmt::format("{:.1f} h", minutes / 60);
  return fmt::format("{:.1f} d", minutes / 60 / 24);
}

std::string counted(std::uint64_t number, std::string_view thing) {
  std::string things(thing);
  if (number != 1) {
    if (things.ends_with("y")) {
      things.replace(things.size() - 1, 1, "ies");
    } else if (!things.ends_with("series")) {
      things += 's';
    }
  }
  return with_commas(number) + " " + things;
}

}  // namespace anomaly
