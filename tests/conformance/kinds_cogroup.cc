// Cogroups: plain, windowed, and by session.

#include "registry.h"

namespace millstream::conformance {

namespace {

constexpr auto kEmpty = [] { return std::string(); };
constexpr auto kMerge = [](const std::string&, const std::string& a, const std::string& b) {
  return a + "|" + b;
};

/// `(k, v, agg) -> agg + number + v`, for windows, which see null values, and without.
auto append(const char* number) {
  return [number](const std::string&, const auto& v, const std::string& agg) {
    return agg + number + text(v);
  };
}

KGroupedStream<Str, Str> grouped(Scenario& s, const char* topic) {
  return s.builder.stream<Str, Str>(topic).group_by_key();
}

auto cogrouped(Scenario& s) {
  auto first = grouped(s, "in1");
  return first.cogroup(append("1")).cogroup(grouped(s, "in2"), append("2"));
}

TimeWindows tumbling(Scenario& s) {
  return TimeWindows::of_size_and_grace(s.millis("size_ms"), s.millis("grace_ms"));
}

void plain(Scenario& s) {
  s.output("out");
  s.store("store", StoreType::kTimestamped);
  cogrouped(s).aggregate(kEmpty, {.name = "store"}).to_stream().to("out");
}

void three_rekeyed(Scenario& s) {
  s.output("out");
  s.store("store", StoreType::kTimestamped);
  auto first = grouped(s, "in1").cogroup(append("1"));
  auto second = first.cogroup(
      s.builder.stream<Str, Str>("in2")
          .select_key([](const Str& k, const Str&) { return k == "a" ? Str("b") : k; })
          .group_by_key(),
      append("2"));
  second
      .cogroup(grouped(s, "in3"),
               [](const std::string&, const std::string& v, const std::string& agg) {
                 return v.size() == 1 ? Str() : Str(agg + "3" + v);
               })
      .aggregate(kEmpty, {.name = "store"})
      .to_stream()
      .to("out");
}

template <class W>
void windowed(Scenario& s, W windows) {
  s.output("out", ValueType::kString, windowed_key(windows.size()));
  s.store("store", StoreType::kTimestampedWindow);
  cogrouped(s).windowed_by(windows).aggregate(kEmpty, {.name = "store"}).to_stream().to("out");
}

void in_tumbling(Scenario& s) { windowed(s, tumbling(s)); }
void in_hopping(Scenario& s) { windowed(s, tumbling(s).advance_by(s.millis("advance_ms"))); }
void in_sliding(Scenario& s) {
  windowed(s,
           SlidingWindows::of_time_difference_and_grace(s.millis("diff_ms"), s.millis("grace_ms")));
}

void in_sessions(Scenario& s) {
  s.output("out", ValueType::kString, session_key());
  s.store("store", StoreType::kSession);
  cogrouped(s)
      .windowed_by(
          SessionWindows::of_inactivity_gap_and_grace(s.millis("gap_ms"), s.millis("grace_ms")))
      .aggregate(kEmpty, kMerge, {.name = "store"})
      .to_stream()
      .to("out");
}

void desc_named(Scenario& s) {
  grouped(s, "a")
      .cogroup(append(""))
      .cogroup(s.builder.stream<Str, Str>("b")
                   .select_key([](const Str&, const Str& v) { return v; })
                   .group_by_key({.name = "gb"}),
               append(""))
      .aggregate(kEmpty, {"my-cg"}, {.name = "cg"})
      .to_stream()
      .to("out");
}

constexpr Kind kKinds[] = {
    {"cogroup_plain", plain},           {"cogroup_three_rekeyed", three_rekeyed},
    {"cogroup_tumbling", in_tumbling},  {"cogroup_hopping", in_hopping},
    {"cogroup_sliding", in_sliding},    {"cogroup_session", in_sessions},
    {"desc_cogroup_named", desc_named},
};

}  // namespace

std::span<const Kind> cogroup_kinds() { return kKinds; }

}  // namespace millstream::conformance
