// Joins of streams, and of streams with tables and global tables.

#include "registry.h"

#include <array>
#include <utility>

namespace millstream::conformance {

namespace {

using Stream = KStream<Str, Str>;
using Rows = KTable<std::string, std::string>;

constexpr auto kPlus = [](const Str& left, const Str& right) {
  return text(left) + "+" + text(right);
};
constexpr auto kPlusCount = [](const Str& left, const Int& right) {
  return text(left) + "+" + text(right);
};
constexpr auto kPlusWithKey = [](const Str& key, const Str& left, const Str& right) {
  return text(key) + ":" + text(left) + "+" + text(right);
};

Stream stream(Scenario& s, const char* topic) { return s.builder.stream<Str, Str>(topic); }
Rows rows(Scenario& s, const char* topic) {
  return s.builder.table<std::string, std::string>(topic);
}

JoinWindows windows(const Scenario& s) {
  return JoinWindows::of_time_difference_and_grace(s.millis("before_ms"), s.millis("grace_ms"))
      .before(s.millis("before_ms"))
      .after(s.millis("after_ms"));
}
JoinWindows symmetric(const Scenario& s) {
  return JoinWindows::of_time_difference_and_grace(s.millis("diff_ms"), s.millis("grace_ms"));
}
StreamJoined<> stores(const Scenario& s) { return {.store_name = "j", .in_memory = s.in_memory()}; }

struct Streams {
  Stream left;
  Stream right;
};
Streams streams(Scenario& s) {
  s.output("out");
  const Stream left = stream(s, "left");
  return {left, stream(s, "right")};
}

void inner(Scenario& s) {
  const auto [left, right] = streams(s);
  left.join(right, kPlus, windows(s), stores(s)).to("out");
}
void left(Scenario& s) {
  const auto [left, right] = streams(s);
  left.left_join(right, kPlus, windows(s), stores(s)).to("out");
}
void outer(Scenario& s) {
  const auto [left, right] = streams(s);
  left.outer_join(right, kPlus, windows(s), stores(s)).to("out");
}

void rekeyed_left(Scenario& s) {
  s.output("out");
  const auto rekeyed = stream(s, "left").select_key([](const Str& k, const Str& v) {
    if (!v) return k;
    return k ? k : Str("a");
  });
  rekeyed.left_join(stream(s, "right"), kPlusWithKey, windows(s), StreamJoined{.store_name = "j"})
      .to("out");
}

void outer_then_count(Scenario& s) {
  const auto [left, right] = streams(s);
  s.output("out", ValueType::kInt64);
  s.store("store", StoreType::kTimestamped, ValueType::kInt64);
  left.outer_join(right, kPlus, windows(s), StreamJoined{.store_name = "j"})
      .group_by_key()
      .count(Materialized{.name = "store"})
      .to_stream()
      .to("out");
}

void chained(Scenario& s) {
  const auto [left, right] = streams(s);
  const auto joined = left.join(right, kPlus, symmetric(s), StreamJoined{.store_name = "j1"});
  joined.left_join(stream(s, "third"), kPlus, symmetric(s), StreamJoined{.store_name = "j2"})
      .to("out");
}

void self(Scenario& s) {
  s.output("out");
  s.config.set("topology.optimization", s.param("optimization"));
  const auto in = stream(s, "in");
  in.join(in, kPlus, windows(s), StreamJoined{.store_name = "j"}).to("out");
}

void retention(Scenario& s) {
  const auto [left, right] = streams(s);
  if (s.param("kind") == "inner") {
    left.join(right, kPlus, windows(s), StreamJoined{.store_name = "j"}).to("out");
  } else {
    left.outer_join(right, kPlus, windows(s), StreamJoined{.store_name = "j"}).to("out");
  }
}

void headers(Scenario& s) {
  const auto [left, right] = streams(s);
  left.outer_join(right, kPlus, symmetric(s), StreamJoined{.store_name = "j"}).to("out");
}

// ---- with tables ----

Rows kept_rows(Scenario& s) {
  s.output("out");
  s.store("t", StoreType::kTimestamped);
  return s.builder.table<std::string, std::string>("right", Materialized{.name = "t"});
}
Rows versions(Scenario& s) {
  s.output("out");
  s.store("t", StoreType::kVersioned);
  return s.builder.table<std::string, std::string>(
      "right", Materialized{.name = "t", .history = s.millis("history_ms")});
}

void table_inner(Scenario& s) {
  const auto table = kept_rows(s);
  stream(s, "left").join(table, kPlus).to("out");
}
void table_left(Scenario& s) {
  const auto table = kept_rows(s);
  stream(s, "left").left_join(table, kPlus).to("out");
}
void versioned_inner(Scenario& s) {
  const auto table = versions(s);
  stream(s, "left").join(table, kPlus).to("out");
}
void versioned_left(Scenario& s) {
  const auto table = versions(s);
  stream(s, "left").left_join(table, kPlus).to("out");
}
void grace_inner(Scenario& s) {
  const auto table = versions(s);
  stream(s, "left").join(table, kPlus, {.name = "jn", .grace = s.millis("grace_ms")}).to("out");
}
void grace_left(Scenario& s) {
  const auto table = versions(s);
  stream(s, "left")
      .left_join(table, kPlus, {.name = "jn", .grace = s.millis("grace_ms")})
      .to("out");
}

void of_aggregate(Scenario& s) {
  s.output("out");
  s.store("c", StoreType::kTimestamped, ValueType::kInt64);
  const auto left = stream(s, "left");
  const auto counts = stream(s, "right").group_by_key().count(Materialized{.name = "c"});
  left.left_join(counts, kPlusCount).to("out");
}

void left_after_repartition(Scenario& s) {
  s.output("out");
  s.output("count", ValueType::kInt64);
  const auto key = [](const Str&, const Str& v) {
    return !v || v->starts_with("-") ? Str() : Str(first_character(*v));
  };
  const auto left = stream(s, "left").select_key(key);
  left.left_join(rows(s, "right"), kPlus).to("out");
  stream(s, "left").select_key(key).group_by_key().count(Materialized{}).to_stream().to("count");
}

void filtered_rekeyed(Scenario& s) {
  s.output("out");
  const auto table =
      rows(s, "right")
          .filter([](const std::string&, const std::string& v) { return !v.ends_with("0"); })
          .map_values([](const std::string& v) { return v + "!"; });
  stream(s, "left")
      .select_key([](const Str&, const Str& v) { return v ? Str(first_character(*v)) : Str(); })
      .join(table, kPlusWithKey)
      .to("out");
}

void headers_table_and_join(Scenario& s) {
  s.output("st");
  s.output("tt");
  const auto left = stream(s, "left");
  const auto table = rows(s, "right");
  left.left_join(table, kPlus).to("st");
  left.to_table().outer_join(table, kPlus).to_stream().to("tt");
}

// ---- with global tables ----

GlobalKTable<std::string, std::string> global(Scenario& s) {
  s.output("out");
  s.store("gs", StoreType::kTimestamped);
  return s.builder.global_table<std::string, std::string>("global", Materialized{.name = "gs"});
}
constexpr auto kGlobalKey = [](const Str& k, const Str& v) {
  if (!v) return k;
  return v->starts_with("-") ? Str() : Str(first_character(*v));
};

void global_inner(Scenario& s) {
  const auto table = global(s);
  stream(s, "left").join(table, kGlobalKey, kPlus).to("out");
}
void global_left(Scenario& s) {
  const auto table = global(s);
  stream(s, "left").left_join(table, kGlobalKey, kPlus).to("out");
}

}  // namespace

std::span<const Kind> stream_join_kinds() {
  static constexpr std::array kKinds = {
      Kind{"join_stream_stream_inner", inner},
      Kind{"join_stream_stream_left", left},
      Kind{"join_stream_stream_outer", outer},
      Kind{"join_stream_stream_rekeyed_left", rekeyed_left},
      Kind{"join_stream_stream_outer_then_count", outer_then_count},
      Kind{"join_stream_stream_chained", chained},
      Kind{"join_stream_stream_self", self},
      Kind{"join_stream_stream_retention", retention},
      Kind{"headers_stream_stream_join", headers},
      Kind{"join_stream_table_inner", table_inner},
      Kind{"join_stream_table_left", table_left},
      Kind{"join_stream_table_versioned_inner", versioned_inner},
      Kind{"join_stream_table_versioned_left", versioned_left},
      Kind{"join_stream_table_grace_inner", grace_inner},
      Kind{"join_stream_table_grace_left", grace_left},
      Kind{"join_stream_table_of_aggregate", of_aggregate},
      Kind{"join_stream_table_left_after_repartition", left_after_repartition},
      Kind{"join_stream_table_filtered_rekeyed", filtered_rekeyed},
      Kind{"headers_table_and_join", headers_table_and_join},
      Kind{"join_global_table_inner", global_inner},
      Kind{"join_global_table_left", global_left},
  };
  return kKinds;
}

}  // namespace millstream::conformance
