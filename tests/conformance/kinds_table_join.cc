// Joins of tables, by their keys and by foreign keys.

#include "registry.h"

#include <array>
#include <utility>

namespace millstream::conformance {

namespace {

using Table = KTable<std::string, std::string>;

constexpr auto kPlus = [](const Str& left, const Str& right) {
  return text(left) + "+" + text(right);
};
constexpr auto kEmpty = [] { return std::string(); };
constexpr auto kAdd = [](const std::string&, const std::string& v, const std::string& agg) {
  return agg + ";" + v;
};
constexpr auto kSubtract = [](const std::string&, const std::string& v, const std::string& agg) {
  return agg + "-" + v;
};

Table table(Scenario& s, const char* topic) {
  return s.builder.table<std::string, std::string>(topic);
}
Table kept(Scenario& s, const char* topic, const char* store) {
  s.store(store, StoreType::kTimestamped);
  return s.builder.table<std::string, std::string>(topic, Materialized{.name = store});
}
Table versions(Scenario& s, const char* topic, const char* store) {
  s.store(store, StoreType::kVersioned);
  return s.builder.table<std::string, std::string>(
      topic, Materialized{.name = store, .history = s.millis("history_ms")});
}
Materialized<> as_store(Scenario& s) {
  s.store("store", StoreType::kTimestamped);
  return {.name = "store"};
}
void to_out(Scenario& s, const Table& rows) {
  s.output("out");
  rows.to_stream().to("out");
}

struct Tables {
  Table left;
  Table right;
};
Tables unnamed_tables(Scenario& s) {
  const Table left = table(s, "left");
  return {left, table(s, "right")};
}
Tables kept_tables(Scenario& s) {
  const Table left = kept(s, "left", "l");
  return {left, kept(s, "right", "r")};
}
Tables versioned_tables(Scenario& s) {
  const Table left = versions(s, "left", "l");
  return {left, versions(s, "right", "r")};
}

void inner(Scenario& s) {
  const auto [left, right] = kept_tables(s);
  to_out(s, s.yes("materialized") ? left.join(right, kPlus, as_store(s)) : left.join(right, kPlus));
}
void left(Scenario& s) {
  const auto [left, right] = kept_tables(s);
  to_out(s, s.yes("materialized") ? left.left_join(right, kPlus, as_store(s))
                                  : left.left_join(right, kPlus));
}
void outer(Scenario& s) {
  const auto [left, right] = kept_tables(s);
  to_out(s, s.yes("materialized") ? left.outer_join(right, kPlus, as_store(s))
                                  : left.outer_join(right, kPlus));
}

void inner_then_group(Scenario& s) {
  const auto [left, right] = unnamed_tables(s);
  to_out(s, left.join(right, kPlus)
                .group_by([](const std::string&, const std::string& v) {
                  return std::pair(std::string("g"), v);
                })
                .aggregate(kEmpty, kAdd, kSubtract, as_store(s)));
}
void outer_then_group(Scenario& s) {
  const auto [left, right] = unnamed_tables(s);
  to_out(s,
         left.outer_join(right, kPlus)
             .group_by([](const std::string& k, const std::string& v) { return std::pair(k, v); })
             .aggregate(kEmpty, kAdd, kSubtract, as_store(s)));
}

void null_result(Scenario& s) {
  const auto [left, right] = unnamed_tables(s);
  const auto joiner = [](const std::string& l, const Str& r) {
    return r ? Str(l + "+" + *r) : Str();
  };
  to_out(s, left.left_join(right, joiner, as_store(s)));
}

void filtered(Scenario& s) {
  const auto left = table(s, "left").filter(
      [](const std::string&, const std::string& v) { return !v.ends_with("1"); });
  const auto right = table(s, "right").map_values([](const std::string& v) { return v + "!"; });
  to_out(s, left.left_join(right, kPlus));
}

void chained(Scenario& s) {
  const auto [left, right] = unnamed_tables(s);
  const auto joined = left.join(right, kPlus);
  to_out(s, joined.outer_join(table(s, "third"), kPlus, as_store(s)));
}

void self(Scenario& s) {
  const auto rows = kept(s, "in", "t");
  to_out(s, rows.join(rows.map_values([](const std::string& v) { return v + "!"; }), kPlus));
}

void versioned(Scenario& s) {
  const auto [left, right] = versioned_tables(s);
  const std::string& kind = s.param("kind");
  to_out(s, kind == "inner"  ? left.join(right, kPlus)
            : kind == "left" ? left.left_join(right, kPlus)
                             : left.outer_join(right, kPlus));
}

// ---- by foreign keys ----

constexpr auto kForeignKey = [](const std::string& v) {
  return v.starts_with("-") ? Str() : Str(first_character(v));
};

void foreign_inner(Scenario& s) {
  const auto [left, right] = kept_tables(s);
  to_out(s, left.join(right, kForeignKey, kPlus, as_store(s)));
}
void foreign_left(Scenario& s) {
  const auto [left, right] = kept_tables(s);
  to_out(s, left.left_join(right, kForeignKey, kPlus, as_store(s)));
}
void foreign_left_named(Scenario& s) {
  const auto [left, right] = unnamed_tables(s);
  const auto key = [](const std::string&, const std::string& v) { return kForeignKey(v); };
  to_out(s, left.left_join(right, key, kPlus, TableJoined{.name = "fk"}));
}
void foreign_inner_then_group(Scenario& s) {
  const auto [left, right] = unnamed_tables(s);
  to_out(s, left.join(right, kForeignKey, kPlus)
                .group_by([](const std::string& k, const std::string& v) {
                  return std::pair(first_character(v), k + v);
                })
                .aggregate(
                    kEmpty, kAdd,
                    [](const std::string&, const std::string& v, const std::string& agg) {
                      return agg + "~" + v;
                    },
                    as_store(s)));
}
void foreign_versioned(Scenario& s) {
  const auto [left, right] = versioned_tables(s);
  to_out(s, left.join(right, kForeignKey, kPlus));
}

}  // namespace

std::span<const Kind> table_join_kinds() {
  static constexpr std::array kKinds = {
      Kind{"join_table_table_inner", inner},
      Kind{"join_table_table_left", left},
      Kind{"join_table_table_outer", outer},
      Kind{"join_table_table_inner_then_group", inner_then_group},
      Kind{"join_table_table_outer_then_group", outer_then_group},
      Kind{"join_table_table_null_result", null_result},
      Kind{"join_table_table_filtered", filtered},
      Kind{"join_table_table_chained", chained},
      Kind{"join_table_table_self", self},
      Kind{"join_table_table_versioned", versioned},
      Kind{"join_fk_inner", foreign_inner},
      Kind{"join_fk_left", foreign_left},
      Kind{"join_fk_left_unmaterialized_named", foreign_left_named},
      Kind{"join_fk_inner_then_group", foreign_inner_then_group},
      Kind{"join_fk_versioned_inner", foreign_versioned},
  };
  return kKinds;
}

}  // namespace millstream::conformance
