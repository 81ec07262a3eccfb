#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace anomaly {

/// A value for people: about four significant digits, thousands and millions shortened
/// (12.3k, 4.56M).
std::string short_number(double value);

/// A time for people: "2014-04-10 07:15", UTC.
std::string short_time(std::int64_t timestamp_ms);

/// A span for people: "45 min", "3.5 h", "2.1 d".
std::string short_span(std::int64_t milliseconds);

/// One thing or several: "1 record", "2,345 records".
std::string counted(std::uint64_t number, std::string_view thing);

}  // namespace anomaly
