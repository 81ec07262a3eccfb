// Aggregations over tumbling, hopping and unlimited windows.

#include "registry.h"

#include <utility>

namespace millstream::conformance {

namespace {

constexpr auto kEmpty = [] { return std::string(); };
constexpr auto kConcat = [](const std::string&, const Str& v, const std::string& agg) {
  return concat(v, agg);
};
constexpr auto kConcatX = [](const std::string&, const Str& v, const std::string& agg) {
  return concat_x(v, agg);
};
constexpr auto kJoinByComma = [](const std::string& agg, const Str& v) {
  return agg + "," + text(v);
};

TimeWindows tumbling(Scenario& s) {
  return TimeWindows::of_size_and_grace(s.millis("size_ms"), s.millis("grace_ms"));
}
TimeWindows hopping(Scenario& s) { return tumbling(s).advance_by(s.millis("advance_ms")); }

auto windowed(Scenario& s, TimeWindows windows, ValueType type) {
  s.output("out", type, windowed_key(windows.size()));
  s.store("store", StoreType::kTimestampedWindow, type);
  return s.builder.stream<Str, Str>("in").group_by_key().windowed_by(windows).emit_strategy(
      s.emit());
}

Materialized<> tumbling_store(Scenario& s) {
  return {.name = "store", .in_memory = s.in_memory(), .retention = s.retention()};
}
Materialized<> hopping_store(Scenario& s) { return {.name = "store", .retention = s.retention()}; }

void tumbling_count(Scenario& s) {
  windowed(s, tumbling(s), ValueType::kInt64).count(tumbling_store(s)).to_stream().to("out");
}
void hopping_count(Scenario& s) {
  windowed(s, hopping(s), ValueType::kInt64).count(hopping_store(s)).to_stream().to("out");
}
void tumbling_reduce(Scenario& s) {
  windowed(s, tumbling(s), ValueType::kString)
      .reduce(kJoinByComma, tumbling_store(s))
      .to_stream()
      .to("out");
}
void hopping_reduce(Scenario& s) {
  windowed(s, hopping(s), ValueType::kString)
      .reduce(kJoinByComma, hopping_store(s))
      .to_stream()
      .to("out");
}
void tumbling_aggregate(Scenario& s) {
  windowed(s, tumbling(s), ValueType::kString)
      .aggregate(kEmpty, kConcat, tumbling_store(s))
      .to_stream()
      .to("out");
}
void hopping_aggregate(Scenario& s) {
  windowed(s, hopping(s), ValueType::kString)
      .aggregate(kEmpty, kConcat, hopping_store(s))
      .to_stream()
      .to("out");
}
void tumbling_aggregate_null(Scenario& s) {
  windowed(s, tumbling(s), ValueType::kString)
      .aggregate(kEmpty, kConcatX, hopping_store(s))
      .to_stream()
      .to("out");
}

void tumbling_no_grace_rekeyed(Scenario& s) {
  const Duration size = s.millis("size_ms");
  s.output("out", ValueType::kString, windowed_key(size));
  s.store("store", StoreType::kTimestampedWindow);
  s.builder.stream<Str, Str>("in")
      .group_by([](const Str&, const Str& v) { return v ? Str(first_character(*v)) : Str(); })
      .windowed_by(TimeWindows::of_size_with_no_grace(size))
      .reduce(kJoinByComma, {.name = "store"})
      .to_stream()
      .to("out");
}

void tumbling_retention(Scenario& s) {
  s.output("out", ValueType::kString, windowed_key(s.millis("size_ms")));
  s.store("store", StoreType::kTimestampedWindow);
  s.builder.stream<Str, Str>("in")
      .group_by_key()
      .windowed_by(tumbling(s))
      .aggregate(
          kEmpty, kConcat,
          {.name = "store", .in_memory = s.in_memory(), .retention = s.millis("retention_ms")})
      .to_stream()
      .to("out");
}

void two_sizes(Scenario& s) {
  const Duration large = 3 * s.millis("size_ms");
  s.output("out-s", ValueType::kInt64, windowed_key(s.millis("size_ms")));
  s.output("out-l", ValueType::kInt64, windowed_key(large));
  s.store("small", StoreType::kTimestampedWindow, ValueType::kInt64);
  s.store("large", StoreType::kTimestampedWindow, ValueType::kInt64);
  auto grouped = s.builder.stream<Str, Str>("in").group_by_key();
  grouped.windowed_by(tumbling(s)).count({.name = "small"}).to_stream().to("out-s");
  grouped.windowed_by(TimeWindows::of_size_with_no_grace(large))
      .count({.name = "large"})
      .to_stream()
      .to("out-l");
}

void unlimited_count(Scenario& s) {
  s.output("out", ValueType::kInt64, windowed_key(Duration::max()));
  s.store("store", StoreType::kTimestampedWindow, ValueType::kInt64);
  s.builder.stream<Str, Str>("in")
      .group_by_key()
      .windowed_by(UnlimitedWindows::of().start_on(Timestamp(s.number("start"))))
      .count({.name = "store"})
      .to_stream()
      .to("out");
}

void tumbling_filter_map(Scenario& s) {
  using Key = Windowed<std::string>;
  s.output("out");
  s.store("store", StoreType::kTimestampedWindow, ValueType::kInt64);
  s.builder.stream<Str, Str>("in")
      .group_by_key()
      .windowed_by(tumbling(s))
      .count({.name = "store"})
      .filter([](const Key&, std::int64_t n) { return n % 2 == 1; })
      .map_values([](const Key& k, std::int64_t n) {
        return k.key + "@" + std::to_string(k.window.start.ms()) + "-" +
               std::to_string(k.window.end.ms()) + "=" + std::to_string(n);
      })
      .to_stream([](const Key& k, const Str&) { return k.key; })
      .to("out");
}

void count_then_roll_up(Scenario& s) {
  s.output("out", ValueType::kInt64);
  s.store("store", StoreType::kTimestampedWindow, ValueType::kInt64);
  s.store("sum", StoreType::kTimestamped, ValueType::kInt64);
  s.builder.stream<Str, Str>("in")
      .group_by_key()
      .windowed_by(tumbling(s))
      .count({.name = "store"})
      .group_by([](const Windowed<std::string>& k, std::int64_t n) { return std::pair(k.key, n); })
      .reduce([](std::int64_t a, std::int64_t v) { return a + v; },
              [](std::int64_t a, std::int64_t v) { return a - v; }, {.name = "sum"})
      .to_stream()
      .to("out");
}

constexpr Kind kKinds[] = {
    {"window_tumbling_count", tumbling_count},
    {"window_hopping_count", hopping_count},
    {"window_tumbling_reduce", tumbling_reduce},
    {"window_hopping_reduce", hopping_reduce},
    {"window_tumbling_aggregate", tumbling_aggregate},
    {"window_hopping_aggregate", hopping_aggregate},
    {"window_tumbling_aggregate_null", tumbling_aggregate_null},
    {"window_tumbling_no_grace_rekeyed", tumbling_no_grace_rekeyed},
    {"window_tumbling_retention", tumbling_retention},
    {"window_two_sizes", two_sizes},
    {"window_unlimited_count", unlimited_count},
    {"window_tumbling_filter_map", tumbling_filter_map},
    {"window_count_then_roll_up", count_then_roll_up},
};

}  // namespace

std::span<const Kind> window_kinds() { return kKinds; }

}  // namespace millstream::conformance
