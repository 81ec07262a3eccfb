// Tables, and aggregations of grouped tables.

#include "registry.h"

#include <millstream/operators/value_transformer.h>
#include <millstream/state/key_value_store.h>

#include <utility>

namespace millstream::conformance {

namespace {

using Table = KTable<std::string, std::string>;
using Pair = std::pair<std::string, std::string>;

constexpr auto kEmpty = [] { return std::string(); };
constexpr auto kPlus = [](const std::string&, const std::string& v, const std::string& agg) {
  return agg + "+" + v;
};
constexpr auto kMinus = [](const std::string&, const std::string& v, const std::string& agg) {
  return agg + "-" + v;
};

Table table(Scenario& s) { return s.builder.table<std::string, std::string>("in"); }

/// table("in", Materialized.as("src"))
Table kept_table(Scenario& s) {
  s.store("src", StoreType::kTimestamped);
  return s.builder.table<std::string, std::string>("in", Materialized{.name = "src"});
}

/// Whether the kind's table is kept as "store", and its output is of strings.
bool kept_as_store(Scenario& s) {
  s.output("out");
  s.store("store", StoreType::kTimestamped);
  return s.yes("materialized");
}

void source(Scenario& s) {
  s.output("out");
  s.store("store", StoreType::kTimestamped);
  s.builder
      .table<std::string, std::string>("in",
                                       Materialized{.name = "store", .in_memory = s.in_memory()})
      .to_stream()
      .to("out");
}

void source_unmaterialized(Scenario& s) {
  s.output("out");
  table(s).to_stream().to("out");
}

constexpr auto kBeginsWithA = [](const std::string&, const std::string& v) {
  return v.starts_with("a");
};

void filter(Scenario& s) {
  const bool kept = kept_as_store(s);
  auto rows = kept_table(s);
  (kept ? rows.filter(kBeginsWithA, Materialized{.name = "store"}) : rows.filter(kBeginsWithA))
      .to_stream()
      .to("out");
}

void filter_not(Scenario& s) {
  const bool kept = kept_as_store(s);
  auto rows = table(s);
  (kept ? rows.filter_not(kBeginsWithA, Materialized{.name = "store"})
        : rows.filter_not(kBeginsWithA))
      .to_stream()
      .to("out");
}

void map_values(Scenario& s) {
  const bool kept = kept_as_store(s);
  const auto mapper = [](const std::string& k, const std::string& v) {
    return v.starts_with("b") ? Str() : Str(k + v);
  };
  auto rows = table(s);
  (kept ? rows.map_values(mapper, Materialized{.name = "store"}) : rows.map_values(mapper))
      .to_stream()
      .to("out");
}

void filter_map_chain(Scenario& s) {
  s.output("out");
  s.output("raw");
  s.store("end", StoreType::kTimestamped);
  auto rows = kept_table(s);
  rows.filter([](const std::string&, const std::string& v) { return !v.starts_with("c"); })
      .map_values([](const std::string& v) { return v + "!"; })
      .filter([](const std::string&, const std::string& v) { return !v.starts_with("b"); },
              Materialized{.name = "end"})
      .to_stream()
      .to("out");
  rows.to_stream().to("raw");
}

void to_stream_new_key(Scenario& s) {
  s.output("out");
  s.store("store", StoreType::kTimestamped);
  s.builder.table<std::string, std::string>("in", Materialized{.name = "store"})
      .to_stream([](const std::string& k, const Str& v) { return v ? k + "-" + *v : k + "-gone"; })
      .to("out");
}

/// Numbers the calls for each key.
class CountCalls final : public ValueTransformer<std::string, std::string, std::string> {
 public:
  void init(ProcessorContextBase& context) override {
    calls_.emplace(context.state_store<KeyValueStore<std::string, std::int64_t>>("calls"));
  }
  Str transform(const std::string& key, const std::string* value) override {
    const std::int64_t n = calls_->get(key).value_or(0) + 1;
    calls_->put(key, n);
    return value == nullptr ? Str() : Str(*value + "#" + std::to_string(n));
  }

 private:
  std::optional<KeyValueStore<std::string, std::int64_t>> calls_;
};

void transform_values(Scenario& s) {
  const bool kept = kept_as_store(s);
  s.store("calls", StoreType::kPlain, ValueType::kInt64);
  s.builder.add_state_store({.name = "calls"});
  const auto supplier = [] { return std::make_unique<CountCalls>(); };
  auto rows = kept_table(s);
  (kept ? rows.transform_values(supplier, "calls", {}, Materialized{.name = "store"})
        : rows.transform_values(supplier, "calls"))
      .to_stream()
      .to("out");
}

void group_by_count(Scenario& s) {
  s.output("out", ValueType::kInt64);
  s.store("store", StoreType::kTimestamped, ValueType::kInt64);
  kept_table(s)
      .group_by(
          [](const std::string& k, const std::string& v) { return Pair(first_character(v), k); })
      .count({.name = "store"})
      .to_stream()
      .to("out");
}

void group_by_aggregate(Scenario& s) {
  s.output("out");
  s.store("store", StoreType::kTimestamped);
  table(s)
      .group_by([](const std::string& k, const std::string& v) {
        return Pair(first_character(v), k + v);
      })
      .aggregate(kEmpty, kPlus, kMinus, {.name = "store"})
      .to_stream()
      .to("out");
}

void group_by_aggregate_null(Scenario& s) {
  s.output("out");
  s.store("store", StoreType::kTimestamped);
  table(s)
      .group_by(
          [](const std::string&, const std::string& v) { return Pair(first_character(v), v); })
      .aggregate(kEmpty,
                 [](const std::string&, const std::string& v, const std::string& agg) {
                   return v.size() == 1 ? Str() : Str(agg + "+" + v);
                 },
                 kMinus, {.name = "store"})
      .to_stream()
      .to("out");
}

void group_by_same_key(Scenario& s) {
  s.output("out");
  s.store("store", StoreType::kTimestamped);
  table(s)
      .group_by([](const std::string& k, const std::string& v) { return Pair(k, v); })
      .aggregate(kEmpty, kPlus, kMinus, {.name = "store"})
      .to_stream()
      .to("out");
}

/// Sums that wrap around, as Java's do.
std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

void group_by_reduce(Scenario& s) {
  s.output("out", ValueType::kInt64);
  s.store("src", StoreType::kTimestamped, ValueType::kInt64);
  s.store("store", StoreType::kTimestamped, ValueType::kInt64);
  s.builder.table<std::string, std::int64_t>("in", Materialized{.name = "src"})
      .group_by([](const std::string&, std::int64_t v) {
        return std::pair<std::string, std::int64_t>(v % 2 == 0 ? "even" : "odd", v);
      })
      .reduce(plus, minus, {.name = "store"})
      .to_stream()
      .to("out");
}

void group_by_null_group(Scenario& s) {
  s.output("out");
  s.store("store", StoreType::kTimestamped);
  table(s)
      .group_by([](const std::string&, const std::string& v) {
        return std::pair(v.starts_with("0") ? Str() : Str(first_character(v)),
                         v == "z9" ? Str() : Str(v));
      })
      .aggregate(kEmpty, kPlus, kMinus, {.name = "store"})
      .to_stream()
      .to("out");
}

void count_of_counts(Scenario& s) {
  s.output("out", ValueType::kInt64);
  s.store("c1", StoreType::kTimestamped, ValueType::kInt64);
  s.store("c2", StoreType::kTimestamped, ValueType::kInt64);
  s.builder.stream<Str, Str>("in")
      .group_by_key()
      .count({.name = "c1"})
      .group_by([](const std::string& k, std::int64_t n) { return Pair(std::to_string(n), k); })
      .count({.name = "c2"})
      .to_stream()
      .to("out");
}

constexpr Kind kKinds[] = {
    {"table_source", source},
    {"table_source_unmaterialized", source_unmaterialized},
    {"table_filter", filter},
    {"table_filter_not", filter_not},
    {"table_map_values", map_values},
    {"table_filter_map_chain", filter_map_chain},
    {"table_to_stream_new_key", to_stream_new_key},
    {"table_transform_values", transform_values},
    {"table_group_by_count", group_by_count},
    {"table_group_by_aggregate", group_by_aggregate},
    {"table_group_by_aggregate_null", group_by_aggregate_null},
    {"table_group_by_same_key", group_by_same_key},
    {"table_group_by_reduce", group_by_reduce},
    {"table_group_by_null_group", group_by_null_group},
    {"table_count_of_counts", count_of_counts},
};

}  // namespace

std::span<const Kind> table_kinds() { return kKinds; }

}  // namespace millstream::conformance
