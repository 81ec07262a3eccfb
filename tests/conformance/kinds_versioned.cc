// Versioned tables, and what topology.optimization changes.

#include "registry.h"

#include <array>
#include <utility>

namespace millstream::conformance {

namespace {

using Table = KTable<std::string, std::string>;

constexpr auto kEmpty = [] { return std::string(); };
constexpr auto kNoZ = [](const std::string&, const std::string& v) { return !v.starts_with("z"); };

Table versions(Scenario& s) {
  s.output("out");
  s.store("v", StoreType::kVersioned);
  return s.builder.table<std::string, std::string>(
      "in", Materialized{.name = "v", .history = s.millis("history_ms")});
}

void source(Scenario& s) { versions(s).to_stream().to("out"); }

void filter_map(Scenario& s) {
  versions(s)
      .filter(kNoZ)
      .map_values([](const std::string& v) { return v + "!"; })
      .to_stream()
      .to("out");
}

void filter_materialized(Scenario& s) {
  s.store("f", StoreType::kTimestamped);
  versions(s).filter(kNoZ, Materialized{.name = "f"}).to_stream().to("out");
}

void group_by_aggregate(Scenario& s) {
  s.store("store", StoreType::kTimestamped);
  versions(s)
      .group_by([](const std::string& k, const std::string& v) {
        return std::pair(first_character(v), k + v);
      })
      .aggregate(
          kEmpty,
          [](const std::string&, const std::string& v, const std::string& agg) {
            return agg + "+" + v;
          },
          [](const std::string&, const std::string& v, const std::string& agg) {
            return agg + "-" + v;
          },
          Materialized{.name = "store"})
      .to_stream()
      .to("out");
}

void group_by_count(Scenario& s) {
  const auto table = versions(s);
  s.output("out", ValueType::kInt64);
  s.output("raw");
  s.store("store", StoreType::kTimestamped, ValueType::kInt64);
  table
      .group_by(
          [](const std::string&, const std::string& v) { return std::pair(first_character(v), v); })
      .count(Materialized{.name = "store"})
      .to_stream()
      .to("out");
  table.to_stream().to("raw");
}

void aggregate_store(Scenario& s) {
  s.output("out");
  s.store("v", StoreType::kVersioned);
  s.builder.stream<Str, Str>("in")
      .group_by_key()
      .aggregate(
          [] { return Str(""); },
          [](const std::string&, const std::string& v, const Str& agg) { return concat(v, agg); },
          Materialized{.name = "v", .history = s.millis("history_ms")})
      .to_stream()
      .to("out");
}

void optimize(Scenario& s) { s.config.set("topology.optimization", s.param("optimization")); }

void merge_repartition_topics(Scenario& s) {
  optimize(s);
  s.output("c", ValueType::kInt64);
  s.output("r");
  s.output("w", ValueType::kInt64);
  const auto rekeyed = s.builder.stream<Str, Str>("in").select_key(
      [](const Str& k, const Str&) { return k ? Str(*k + "1") : Str(); });
  rekeyed.group_by_key().count(Materialized{}).to_stream().to("c");
  rekeyed.map_values([](const Str& v) { return text(v) + "m"; })
      .group_by_key()
      .reduce([](const std::string& a, const std::string& v) { return a + "," + v; })
      .to_stream()
      .to("r");
  rekeyed.filter([](const Str&, const Str& v) { return v.has_value(); })
      .group_by_key()
      .count(Materialized{})
      .to_stream()
      .to("w");
}

void reuse_source_topic(Scenario& s) {
  optimize(s);
  s.output("out");
  s.store("store", StoreType::kTimestamped);
  s.builder.table<std::string, std::string>("in", Materialized{.name = "store"})
      .map_values([](const std::string& v) { return v + "!"; })
      .to_stream()
      .to("out");
}

}  // namespace

std::span<const Kind> versioned_kinds() {
  static constexpr std::array kKinds = {
      Kind{"versioned_table_source", source},
      Kind{"versioned_table_filter_map", filter_map},
      Kind{"versioned_table_filter_materialized", filter_materialized},
      Kind{"versioned_table_group_by_aggregate", group_by_aggregate},
      Kind{"versioned_table_group_by_count", group_by_count},
      Kind{"versioned_aggregate_store", aggregate_store},
      Kind{"opt_merge_repartition_topics", merge_repartition_topics},
      Kind{"opt_reuse_source_topic", reuse_source_topic},
  };
  return kKinds;
}

}  // namespace millstream::conformance
