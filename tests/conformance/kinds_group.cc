// Aggregations of grouped streams, without windows.

#include "registry.h"

#include <utility>

namespace millstream::conformance {

namespace {

constexpr auto kEmpty = [] { return std::string(); };
constexpr auto kConcat = [](const std::string&, const std::string& v, const std::string& agg) {
  return concat(v, agg);
};
constexpr auto kConcatX = [](const std::string&, const std::string& v, const std::string& agg) {
  return concat_x(v, agg);
};
constexpr auto kJoinByComma = [](const std::string& agg, const std::string& v) {
  return agg + "," + v;
};

KGroupedStream<Str, Str> grouped(Scenario& s) {
  return s.builder.stream<Str, Str>("in").group_by_key();
}

void strings_out(Scenario& s) {
  s.output("out");
  s.store("store", StoreType::kTimestamped);
}

void counts_out(Scenario& s) {
  s.output("out", ValueType::kInt64);
  s.store("store", StoreType::kTimestamped, ValueType::kInt64);
}

void count(Scenario& s) {
  counts_out(s);
  grouped(s).count({.name = "store", .in_memory = s.in_memory()}).to_stream().to("out");
}

void reduce(Scenario& s) {
  strings_out(s);
  grouped(s).reduce(kJoinByComma, {.name = "store"}).to_stream().to("out");
}

void reduce_null(Scenario& s) {
  strings_out(s);
  grouped(s)
      .reduce([](const std::string& agg,
                 const std::string& v) { return v == "x" ? Str() : Str(agg + "," + v); },
              {.name = "store"})
      .to_stream()
      .to("out");
}

void aggregate(Scenario& s) {
  strings_out(s);
  grouped(s).aggregate(kEmpty, kConcat, {.name = "store"}).to_stream().to("out");
}

void aggregate_null(Scenario& s) {
  strings_out(s);
  grouped(s).aggregate(kEmpty, kConcatX, {.name = "store"}).to_stream().to("out");
}

void aggregate_null_initializer(Scenario& s) {
  strings_out(s);
  grouped(s)
      .aggregate([] { return Str(); },
                 [](const std::string&, const std::string& v, const Str& agg) {
                   if (v == "x") return agg;
                   return Str(agg ? *agg + "," + v : v);
                 },
                 {.name = "store"})
      .to_stream()
      .to("out");
}

void sum_int64(Scenario& s) {
  counts_out(s);
  s.builder.stream<Str, Int>("in")
      .group_by_key()
      .reduce(
          [](std::int64_t a, std::int64_t v) {
            return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) +
                                             static_cast<std::uint64_t>(v));
          },
          {.name = "store"})
      .to_stream()
      .to("out");
}

void by_new_key_count(Scenario& s) {
  counts_out(s);
  s.builder.stream<Str, Str>("in")
      .group_by([](const Str& k, const Str& v) {
        if (!v) return Str("nil");
        return *v == "x" ? Str() : Str(text(k) + first_character(*v));
      })
      .count({.name = "store"})
      .to_stream()
      .to("out");
}

void two_aggregations(Scenario& s) {
  s.output("out1", ValueType::kInt64);
  s.output("out2");
  s.store("c", StoreType::kTimestamped, ValueType::kInt64);
  s.store("a", StoreType::kTimestamped);
  auto group = s.builder.stream<Str, Str>("in")
                   .select_key([](const Str& k, const Str&) { return k ? Str(*k + *k) : Str(); })
                   .group_by_key();
  group.count({.name = "c"}).to_stream().to("out1");
  group.aggregate(kEmpty, kConcat, {.name = "a"}).to_stream().to("out2");
}

void count_filter(Scenario& s) {
  counts_out(s);
  s.store("f", StoreType::kTimestamped, ValueType::kInt64);
  const auto not_third = [](const std::string&, std::int64_t n) { return n % 3 != 0; };
  auto counts = grouped(s).count({.name = "store"});
  auto kept = s.yes("materialized") ? counts.filter(not_third, Materialized{.name = "f"})
                                    : counts.filter(not_third);
  kept.to_stream().to("out");
}

void flat_map_timestamps(Scenario& s) {
  strings_out(s);
  s.builder.stream<Str, Str>("in")
      .flat_map([](const Str& k, const Str& v) {
        std::vector<std::pair<std::string, std::string>> made;
        if (k && v) made = {{*k, *v}, {"all", *k + *v}};
        return made;
      })
      .group_by_key()
      .aggregate(kEmpty, kConcat, {.name = "store"})
      .to_stream()
      .to("out");
}

constexpr Kind kKinds[] = {
    {"group_count", count},
    {"group_reduce", reduce},
    {"group_reduce_null", reduce_null},
    {"group_aggregate", aggregate},
    {"group_aggregate_null", aggregate_null},
    {"group_aggregate_null_initializer", aggregate_null_initializer},
    {"group_sum_int64", sum_int64},
    {"group_by_new_key_count", by_new_key_count},
    {"group_two_aggregations", two_aggregations},
    {"group_count_filter", count_filter},
    {"group_flat_map_timestamps", flat_map_timestamps},
};

}  // namespace

std::span<const Kind> group_kinds() { return kKinds; }

}  // namespace millstream::conformance
