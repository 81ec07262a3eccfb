// Aggregations over sliding windows.

#include "registry.h"

namespace millstream::conformance {

namespace {

auto windowed(Scenario& s, ValueType type) {
  s.output("out", type, windowed_key(s.millis("diff_ms")));
  s.store("store", StoreType::kTimestampedWindow, type);
  return s.builder.stream<Str, Str>("in")
      .group_by_key()
      .windowed_by(
          SlidingWindows::of_time_difference_and_grace(s.millis("diff_ms"), s.millis("grace_ms")))
      .emit_strategy(s.emit());
}

Materialized<> store(Scenario& s) {
  return {.name = "store", .in_memory = s.in_memory(), .retention = s.retention()};
}

void count(Scenario& s) { windowed(s, ValueType::kInt64).count(store(s)).to_stream().to("out"); }
void reduce(Scenario& s) {
  windowed(s, ValueType::kString)
      .reduce([](const std::string& agg, const Str& v) { return agg + "," + text(v); }, store(s))
      .to_stream()
      .to("out");
}
void aggregate(Scenario& s) {
  windowed(s, ValueType::kString)
      .aggregate(
          [] { return std::string(); },
          [](const std::string&, const Str& v, const std::string& agg) { return concat(v, agg); },
          store(s))
      .to_stream()
      .to("out");
}

constexpr Kind kKinds[] = {
    {"window_sliding_count", count},
    {"window_sliding_reduce", reduce},
    {"window_sliding_aggregate", aggregate},
};

}  // namespace

std::span<const Kind> sliding_kinds() { return kKinds; }

}  // namespace millstream::conformance
