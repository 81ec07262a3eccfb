// Topologies with joins that are only described.

#include "registry.h"

#include <array>
#include <utility>

namespace millstream::conformance {

namespace {

constexpr auto kPlus = [](const Str& left, const Str& right) {
  return text(left) + "+" + text(right);
};
constexpr auto kItself = [](const std::string& v) { return v; };
constexpr auto kAll = [](const std::string&, const std::string&) { return true; };
constexpr auto kValueAsKey = [](const Str&, const Str& v) { return v; };

using Stream = KStream<Str, Str>;

Stream stream(Scenario& s, const char* topic) { return s.builder.stream<Str, Str>(topic); }
KTable<std::string, std::string> table(Scenario& s, const char* topic) {
  return s.builder.table<std::string, std::string>(topic);
}

void join_as(const Scenario& s, const Stream& left, const Stream& right,
             const StreamJoined<Str, Str, Str>& options) {
  constexpr auto kWindows = JoinWindows::of_time_difference_with_no_grace(Duration(10));
  const std::string& type = s.param("type");
  if (type == "inner") left.join(right, kPlus, kWindows, options).to("out");
  if (type == "left") left.left_join(right, kPlus, kWindows, options).to("out");
  if (type == "outer") left.outer_join(right, kPlus, kWindows, options).to("out");
}

void named_stream_join(Scenario& s) {
  const auto left = stream(s, "l");
  join_as(s, left, stream(s, "r"), {.name = "my-join", .store_name = "my-store"});
}

void unnamed_stream_join(Scenario& s) {
  const auto left = stream(s, "l");
  join_as(s, left, stream(s, "r").select_key(kValueAsKey), {});
}

void named_tables(Scenario& s) {
  const auto source = s.builder.table<std::string, std::string>(
      "t", Consumed{.name = "my-table-source"}, Materialized{.name = "t-store"});
  const auto filtered = source.filter(kAll, Named{"my-table-filter"});
  const auto mapped =
      source.map_values(kItself, Named{"my-table-map"}, Materialized{.name = "m-store"});
  filtered.join(mapped, kPlus, Named{"my-table-join"}, Materialized{.name = "j-store"})
      .to_stream(Named{"my-ts"})
      .to("out");
}

void foreign_unnamed(Scenario& s) {
  const auto left = table(s, "l");
  left.join(table(s, "r"), kItself, kPlus).to_stream().to("out");
}

void foreign_named(Scenario& s) {
  const auto left = s.builder.table<std::string, std::string>("l", Materialized{.name = "ls"});
  const auto right = s.builder.table<std::string, std::string>("r", Materialized{.name = "rs"});
  left.left_join(right, kItself, kPlus, TableJoined{.name = "my-fk"}, Materialized{.name = "js"})
      .to_stream()
      .to("out");
}

void stream_table_global_named(Scenario& s) {
  const auto global =
      s.builder.global_table<std::string, std::string>("g", Consumed{.name = "my-global"});
  const auto left = stream(s, "s");
  left.join(table(s, "t"), kPlus, {.name = "my-st-join"})
      .left_join(
          global, [](const Str&, const std::string& v) { return v; }, kPlus, Named{"my-g-join"})
      .to("out");
}

void merge_above_map_values(Scenario& s) {
  const auto mapped =
      stream(s, "in").map([](const Str& k, const Str& v) { return std::pair(v, k); });
  static_cast<void>(mapped.group_by_key().count());
  static_cast<void>(mapped.map_values([](const Str& v) { return v; }).group_by_key().count());
  mapped
      .join(stream(s, "other"), kPlus, JoinWindows::of_time_difference_with_no_grace(Duration(10)))
      .to("out");
}

void merge_after_merge(Scenario& s) {
  const auto merged = stream(s, "a").select_key(kValueAsKey).merge(stream(s, "b"));
  static_cast<void>(merged.group_by_key().count());
  static_cast<void>(
      merged.group_by_key().reduce([](const std::string& a, const std::string&) { return a; }));
}

void two_sub_topologies(Scenario& s) {
  stream(s, "a").to("b");
  stream(s, "b").group_by_key().count(Materialized{.name = "cnt"}).to_stream().to("c");
  stream(s, "d").for_each([](const Str&, const Str&) {});
  static_cast<void>(
      s.builder.global_table<std::string, std::string>("g", Materialized{.name = "gs"}));
}

}  // namespace

std::span<const Kind> described_join_kinds() {
  static constexpr std::array kKinds = {
      Kind{"desc_named_stream_join", named_stream_join},
      Kind{"desc_unnamed_stream_join", unnamed_stream_join},
      Kind{"desc_named_tables", named_tables},
      Kind{"desc_fk_join_unnamed", foreign_unnamed},
      Kind{"desc_fk_join_named", foreign_named},
      Kind{"desc_stream_table_global_named", stream_table_global_named},
      Kind{"desc_opt_merge_above_map_values", merge_above_map_values},
      Kind{"desc_opt_merge_after_merge", merge_after_merge},
      Kind{"desc_two_sub_topologies", two_sub_topologies},
  };
  return kKinds;
}

}  // namespace millstream::conformance
