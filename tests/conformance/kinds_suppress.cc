// Suppression: of windowed results until their windows close, and of tables for a time.

#include "registry.h"

#include <utility>

namespace millstream::conformance {

namespace {

constexpr auto kJoinByComma = [](const std::string& agg, const Str& v) {
  return agg + "," + text(v);
};

KGroupedStream<Str, Str> grouped(Scenario& s) {
  return s.builder.stream<Str, Str>("in").group_by_key();
}

TimeWindows tumbling(Scenario& s) {
  return TimeWindows::of_size_and_grace(s.millis("size_ms"), s.millis("grace_ms"));
}

SuppressedUntilWindowCloses until_closed() {
  return Suppressed::until_window_closes(BufferConfig::unbounded());
}

std::size_t max(Scenario& s) { return static_cast<std::size_t>(s.number("max")); }

void out_windowed(Scenario& s, Duration size, ValueType type) {
  s.output("out", type, windowed_key(size));
  s.store("store", StoreType::kTimestampedWindow, type);
}

void tumbling_count(Scenario& s) {
  out_windowed(s, s.millis("size_ms"), ValueType::kInt64);
  grouped(s)
      .windowed_by(tumbling(s))
      .count({.name = "store"})
      .suppress(until_closed())
      .to_stream()
      .to("out");
}

void hopping_reduce(Scenario& s) {
  out_windowed(s, s.millis("size_ms"), ValueType::kString);
  grouped(s)
      .windowed_by(tumbling(s).advance_by(s.millis("advance_ms")))
      .reduce(kJoinByComma, {.name = "store"})
      .suppress(until_closed())
      .to_stream()
      .to("out");
}

void tumbling_aggregate_null(Scenario& s) {
  out_windowed(s, s.millis("size_ms"), ValueType::kString);
  grouped(s)
      .windowed_by(tumbling(s))
      .aggregate(
          [] { return std::string(); },
          [](const std::string&, const Str& v, const std::string& agg) { return concat_x(v, agg); },
          {.name = "store"})
      .suppress(until_closed())
      .to_stream()
      .to("out");
}

void session_reduce(Scenario& s) {
  s.output("out", ValueType::kString, session_key());
  s.store("store", StoreType::kSession);
  grouped(s)
      .windowed_by(
          SessionWindows::of_inactivity_gap_and_grace(s.millis("gap_ms"), s.millis("grace_ms")))
      .reduce(kJoinByComma, {.name = "store"})
      .suppress(until_closed())
      .to_stream()
      .to("out");
}

void sliding_count(Scenario& s) {
  out_windowed(s, s.millis("diff_ms"), ValueType::kInt64);
  grouped(s)
      .windowed_by(
          SlidingWindows::of_time_difference_and_grace(s.millis("diff_ms"), s.millis("grace_ms")))
      .count({.name = "store"})
      .suppress(until_closed())
      .to_stream()
      .to("out");
}

void windowed_time_limit(Scenario& s) {
  out_windowed(s, s.millis("size_ms"), ValueType::kInt64);
  grouped(s)
      .windowed_by(tumbling(s))
      .count({.name = "store"})
      .suppress(Suppressed::until_time_limit(
          s.millis("limit_ms"), BufferConfig::max_records(max(s)).emit_early_when_full()))
      .to_stream()
      .to("out");
}

void window_closes_full_throws(Scenario& s) {
  out_windowed(s, s.millis("size_ms"), ValueType::kInt64);
  grouped(s)
      .windowed_by(TimeWindows::of_size_with_no_grace(s.millis("size_ms")))
      .count({.name = "store"})
      .suppress(
          Suppressed::until_window_closes(BufferConfig::max_records(max(s)).shut_down_when_full()))
      .to_stream()
      .to("out");
}

void headers_suppress(Scenario& s) {
  s.output("out", ValueType::kInt64, windowed_key(Duration(10)));
  grouped(s)
      .windowed_by(TimeWindows::of_size_with_no_grace(Duration(10)))
      .count(Materialized<>{})
      .suppress(until_closed())
      .to_stream()
      .to("out");
}

KTable<std::string, std::string> source_table(Scenario& s) {
  s.output("out");
  s.store("src", StoreType::kTimestamped);
  return s.builder.table<std::string, std::string>("in", Materialized<>{.name = "src"});
}

void table_time_limit(Scenario& s) {
  const BufferConfig buffer = s.param("buffer") == "unbounded"
                                  ? BufferConfig(BufferConfig::unbounded())
                                  : BufferConfig::max_records(max(s)).emit_early_when_full();
  source_table(s)
      .suppress(Suppressed::until_time_limit(s.millis("limit_ms"), buffer))
      .to_stream()
      .to("out");
}

void table_full_throws(Scenario& s) {
  source_table(s)
      .suppress(Suppressed::until_time_limit(
          s.millis("limit_ms"), BufferConfig::max_records(max(s)).shut_down_when_full()))
      .to_stream()
      .to("out");
}

void table_then_group(Scenario& s) {
  const auto with = [](const char* sign) {
    return [sign](const std::string&, const std::string& v, const std::string& agg) {
      return agg + sign + v;
    };
  };
  s.output("out");
  s.store("store", StoreType::kTimestamped);
  s.builder.table<std::string, std::string>("in")
      .suppress(Suppressed::until_time_limit(s.millis("limit_ms"), BufferConfig::unbounded()))
      .group_by([](const std::string& k, const std::string& v) {
        return std::pair(first_character(v), k + v);
      })
      .aggregate([] { return std::string(); }, with("+"), with("-"), {.name = "store"})
      .to_stream()
      .to("out");
}

void desc_named_windowed_suppress(Scenario& s) {
  grouped(s)
      .windowed_by(TimeWindows::of_size_with_no_grace(Duration(10)))
      .count(Named{"my-count"})
      .suppress(until_closed().with_name("my-suppress"))
      .to_stream()
      .to("out");
}

constexpr Kind kKinds[] = {
    {"suppress_tumbling_count", tumbling_count},
    {"suppress_hopping_reduce", hopping_reduce},
    {"suppress_tumbling_aggregate_null", tumbling_aggregate_null},
    {"suppress_session_reduce", session_reduce},
    {"suppress_sliding_count", sliding_count},
    {"suppress_windowed_time_limit", windowed_time_limit},
    {"suppress_window_closes_full_throws", window_closes_full_throws},
    {"headers_suppress", headers_suppress},
    {"table_suppress_time_limit", table_time_limit},
    {"table_suppress_full_throws", table_full_throws},
    {"table_suppress_then_group", table_then_group},
    {"desc_named_windowed_suppress", desc_named_windowed_suppress},
};

}  // namespace

std::span<const Kind> suppress_kinds() { return kKinds; }

}  // namespace millstream::conformance
