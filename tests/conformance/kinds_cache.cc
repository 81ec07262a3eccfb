// Record caches: updates go downstream at the commit.

#include "registry.h"

#include <utility>
#include <vector>

namespace millstream::conformance {

namespace {

constexpr auto kEmpty = [] { return std::string(); };
constexpr auto kConcat = [](const std::string&, const Str& v, const std::string& agg) {
  return concat(v, agg);
};
constexpr auto kConcatX = [](const std::string&, const Str& v, const std::string& agg) {
  return concat_x(v, agg);
};

void group_count(Scenario& s) {
  s.set_cache();
  s.output("out", ValueType::kInt64);
  s.store("store", StoreType::kTimestamped, ValueType::kInt64);
  s.builder.stream<Str, Str>("in").group_by_key().count({.name = "store"}).to_stream().to("out");
}

void two_updates_in_one_record(Scenario& s) {
  s.set_cache();
  s.output("out");
  s.store("store", StoreType::kTimestamped);
  s.builder.stream<Str, Str>("in")
      .flat_map_values(
          [](const Str& v) { return v ? std::vector<Str>{v, *v + "2"} : std::vector<Str>{}; })
      .group_by_key()
      .aggregate(kEmpty, kConcat, {.name = "store"})
      .to_stream()
      .to("out");
}

void table_delete_in_one_record(Scenario& s) {
  s.set_cache();
  s.output("out");
  s.output("g");
  s.store("store", StoreType::kTimestamped);
  s.store("gs", StoreType::kTimestamped);
  const auto with = [](const char* sign) {
    return [sign](const std::string&, const std::string& v, const std::string& agg) {
      return agg + sign + v;
    };
  };
  auto table = s.builder.stream<Str, Str>("in")
                   .flat_map_values([](const Str& v) {
                     return v ? std::vector<Str>{v, "x", *v + "2"} : std::vector<Str>{};
                   })
                   .group_by_key()
                   .aggregate(kEmpty, kConcatX, {.name = "store"});
  table.to_stream().to("out");
  table
      .group_by([](const std::string& k, const std::string& v) {
        return std::pair(std::string("all"), k + v);
      })
      .aggregate(kEmpty, with("+"), with("-"), {.name = "gs"})
      .to_stream()
      .to("g");
}

void tumbling_flush_order(Scenario& s) {
  s.set_cache();
  s.output("out", ValueType::kString, windowed_key(Duration(10)));
  s.store("store", StoreType::kTimestampedWindow);
  using Pairs = std::vector<std::pair<Str, Str>>;
  s.builder.stream<Str, Str>("in")
      .flat_map([](const Str& k, const Str& v) {
        return k && v ? Pairs{{"z", v}, {k, v}, {"b", v}, {"z", *v + "2"}} : Pairs{};
      })
      .repartition()
      .group_by_key()
      .windowed_by(TimeWindows::of_size_and_grace(Duration(10), Duration(20)))
      .aggregate(kEmpty, kConcat, {.name = "store"})
      .to_stream()
      .to("out");
}

void hopping_one_record_many_windows(Scenario& s) {
  s.set_cache();
  s.output("out", ValueType::kString, windowed_key(Duration(20)));
  s.store("store", StoreType::kTimestampedWindow);
  s.builder.stream<Str, Str>("in")
      .group_by_key()
      .windowed_by(
          TimeWindows::of_size_and_grace(Duration(20), Duration(30)).advance_by(Duration(5)))
      .aggregate(kEmpty, kConcat, {.name = "store"})
      .to_stream()
      .to("out");
}

void session_merge(Scenario& s) {
  s.set_cache();
  s.output("out", ValueType::kString, session_key());
  s.store("store", StoreType::kSession);
  s.builder.stream<Str, Str>("in")
      .group_by_key()
      .windowed_by(SessionWindows::of_inactivity_gap_and_grace(Duration(10), Duration(30)))
      .reduce([](const std::string& agg, const Str& v) { return agg + "," + text(v); },
              {.name = "store"})
      .to_stream()
      .to("out");
}

constexpr Kind kKinds[] = {
    {"cache_group_count", group_count},
    {"cache_two_updates_in_one_record", two_updates_in_one_record},
    {"cache_table_delete_in_one_record", table_delete_in_one_record},
    {"cache_tumbling_flush_order", tumbling_flush_order},
    {"cache_hopping_one_record_many_windows", hopping_one_record_many_windows},
    {"cache_session_merge", session_merge},
};

}  // namespace

std::span<const Kind> cache_kinds() { return kKinds; }

}  // namespace millstream::conformance
