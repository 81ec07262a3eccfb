#include "scenario.h"

#include <stdexcept>

namespace millstream::conformance {

const std::string& Scenario::param(std::string_view name) const {
  const auto found = params_.find(name);
  if (found == params_.end()) {
    throw std::invalid_argument("the case has no parameter " + std::string(name));
  }
  return found->second;
}

std::int64_t Scenario::number(std::string_view name) const { return std::stoll(param(name)); }

std::optional<Duration> Scenario::retention() const {
  const std::int64_t ms = number("retention");
  return ms == 0 ? std::nullopt : std::optional<Duration>(ms);
}

Str concat(const Str& value, const Str& aggregate) {
  if (text(aggregate).empty()) return value;
  return text(aggregate) + "," + text(value);
}

Str concat_x(const Str& value, const Str& aggregate) {
  if (value == "x") return std::nullopt;
  return concat(value, aggregate);
}

std::string first_character(const std::string& value) { return value.substr(0, 1); }

}  // namespace millstream::conformance
