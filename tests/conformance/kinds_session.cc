// Aggregations over sessions, and the bytes and headers of windowed results.

#include "registry.h"

namespace millstream::conformance {

namespace {

constexpr auto kEmpty = [] { return std::string(); };
constexpr auto kConcat = [](const std::string&, const Str& v, const std::string& agg) {
  return concat(v, agg);
};
constexpr auto kConcatX = [](const std::string&, const Str& v, const std::string& agg) {
  return concat_x(v, agg);
};
constexpr auto kMerge = [](const std::string&, const std::string& a, const std::string& b) {
  return a + "|" + b;
};
constexpr auto kJoinByComma = [](const std::string& agg, const Str& v) {
  return agg + "," + text(v);
};

KGroupedStream<Str, Str> grouped(Scenario& s) {
  return s.builder.stream<Str, Str>("in").group_by_key();
}

SessionWindows sessions(Scenario& s) {
  return SessionWindows::of_inactivity_gap_and_grace(s.millis("gap_ms"), s.millis("grace_ms"));
}

/// The vectors have sessions that Kafka Streams loses on close, while cases of time windows with
/// the same defect were taken out.
SessionWindowedKStream<Str, Str> windowed(Scenario& s, ValueType type) {
  s.output("out", type, session_key());
  s.store("store", StoreType::kSession, type);
  return grouped(s).windowed_by(sessions(s).losing_expired()).emit_strategy(s.emit());
}

Materialized<> store(Scenario& s) {
  return {.name = "store", .in_memory = s.in_memory(), .retention = s.retention()};
}

void count(Scenario& s) { windowed(s, ValueType::kInt64).count(store(s)).to_stream().to("out"); }
void reduce(Scenario& s) {
  windowed(s, ValueType::kString).reduce(kJoinByComma, store(s)).to_stream().to("out");
}
void aggregate(Scenario& s) {
  windowed(s, ValueType::kString)
      .aggregate(kEmpty, kConcat, kMerge, store(s))
      .to_stream()
      .to("out");
}
void aggregate_null(Scenario& s) {
  windowed(s, ValueType::kString)
      .aggregate(kEmpty, kConcatX, kMerge, {.name = "store", .retention = s.retention()})
      .to_stream()
      .to("out");
}

void to_table_ops(Scenario& s) {
  using Key = Windowed<std::string>;
  s.output("out");
  s.store("store", StoreType::kSession, ValueType::kInt64);
  grouped(s)
      .windowed_by(sessions(s))
      .count({.name = "store"})
      .map_values([](const Key& k, std::int64_t n) {
        return std::to_string(k.window.start.ms()) + "-" + std::to_string(k.window.end.ms()) + "=" +
               std::to_string(n);
      })
      .to_stream([](const Key& k, const Str&) { return k.key; })
      .to("out");
}

void headers_session(Scenario& s) {
  s.output("upd", ValueType::kInt64, session_key());
  s.output("fin", ValueType::kInt64, session_key());
  auto windowed = grouped(s).windowed_by(
      SessionWindows::of_inactivity_gap_and_grace(Duration(10), Duration(20)));
  windowed.count(Materialized<>{}).to_stream().to("upd");
  windowed.emit_strategy(EmitStrategy::kOnWindowClose)
      .count({.retention = Duration(1'000'000)})
      .to_stream()
      .to("fin");
}

void headers_window_close(Scenario& s) {
  s.output("out", ValueType::kInt64, windowed_key(Duration(10)));
  grouped(s)
      .windowed_by(TimeWindows::of_size_with_no_grace(Duration(10)))
      .emit_strategy(EmitStrategy::kOnWindowClose)
      .count({.retention = Duration(1'000'000)})
      .to_stream()
      .to("out");
}

void bytes_windowed_keys(Scenario& s) {
  s.output("t", ValueType::kBytes);
  s.output("s", ValueType::kBytes);
  auto group = grouped(s);
  group.windowed_by(TimeWindows::of_size_and_grace(Duration(10), Duration(50)))
      .count(Materialized<>{})
      .to_stream()
      .to("t");
  group.windowed_by(SessionWindows::of_inactivity_gap_and_grace(Duration(10), Duration(50)))
      .count(Materialized<>{})
      .to_stream()
      .to("s");
}

constexpr Kind kKinds[] = {
    {"window_session_count", count},
    {"window_session_reduce", reduce},
    {"window_session_aggregate", aggregate},
    {"window_session_aggregate_null", aggregate_null},
    {"window_session_to_table_ops", to_table_ops},
    {"headers_session", headers_session},
    {"headers_window_close", headers_window_close},
    {"bytes_windowed_keys", bytes_windowed_keys},
};

}  // namespace

std::span<const Kind> session_kinds() { return kKinds; }

}  // namespace millstream::conformance
