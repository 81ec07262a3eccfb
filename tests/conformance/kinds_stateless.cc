// Stateless operators of the catalogue.

#include "registry.h"

#include <utility>

namespace millstream::conformance {

namespace {

KStream<Str, Str> stream(Scenario& s, const NameList& topics) {
  return s.builder.stream<Str, Str>(topics);
}

bool begins_with(const Str& value, std::string_view prefix) {
  return value && value->starts_with(prefix);
}

/// One string per character.
std::vector<std::string> characters(const std::string& value) {
  std::vector<std::string> made;
  for (const char c : value) made.emplace_back(1, c);
  return made;
}

/// v == null ? k : v.isEmpty() ? null : first character of v
Str first_character_or_key(const Str& key, const Str& value) {
  if (!value) return key;
  if (value->empty()) return std::nullopt;
  return first_character(*value);
}

constexpr auto kBeginsWithA = [](const Str&, const Str& v) { return begins_with(v, "a"); };

void filter(Scenario& s) {
  s.output("out");
  stream(s, "in").filter(kBeginsWithA).to("out");
}

void filter_not(Scenario& s) {
  s.output("out");
  stream(s, "in").filter_not(kBeginsWithA).to("out");
}

void map(Scenario& s) {
  s.output("out");
  stream(s, "in")
      .map([](const Str& k, const Str& v) {
        return std::pair(Str(k ? *k + "1" : "nokey"), v ? Str(*v + "!") : Str());
      })
      .to("out");
}

void map_values(Scenario& s) {
  s.output("out");
  stream(s, "in")
      .map_values([](const Str& v) {
        if (!v) return Str("none");
        return v->empty() ? Str() : Str(*v + "!");
      })
      .to("out");
}

void map_values_with_key(Scenario& s) {
  s.output("out");
  stream(s, "in")
      .map_values([](const Str& k, const Str& v) { return text(k) + ":" + text(v); })
      .to("out");
}

void flat_map(Scenario& s) {
  s.output("out");
  stream(s, "in")
      .flat_map([](const Str& k, const Str& v) {
        std::vector<std::pair<std::string, std::string>> made;
        for (std::size_t i = 0; v && i < v->size(); ++i) {
          made.emplace_back(text(k) + std::to_string(i), std::string(1, (*v)[i]));
        }
        return made;
      })
      .to("out");
}

void flat_map_values(Scenario& s) {
  s.output("out");
  stream(s, "in")
      .flat_map_values([](const Str& v) {
        if (!v) return std::vector<Str>{"nil", std::nullopt};
        const auto each = characters(*v);
        return std::vector<Str>(each.begin(), each.end());
      })
      .to("out");
}

void flat_map_values_with_key(Scenario& s) {
  s.output("out");
  stream(s, "in")
      .flat_map_values([](const Str& k, const Str& v) {
        return std::vector<std::string>{text(k) + "<" + text(v), text(v) + ">" + text(k)};
      })
      .to("out");
}

void select_key(Scenario& s) {
  s.output("out");
  stream(s, "in").select_key(first_character_or_key).to("out");
}

void branch_default(Scenario& s) {
  s.output("out-a");
  s.output("out-b");
  s.output("out-rest");
  stream(s, "in")
      .split()
      .branch(kBeginsWithA, {.consumer = [](auto branch) { branch.to("out-a"); }})
      .branch([](const Str&, const Str& v) { return v && v->size() == 2; },
              {.consumer =
                   [](auto branch) {
                     branch.map_values([](const Str& v) { return text(v) + "2"; }).to("out-b");
                   }})
      .default_branch({.consumer = [](auto branch) { branch.to("out-rest"); }});
}

void branch_no_default(Scenario& s) {
  s.output("out-a");
  s.output("out-b");
  auto branches = stream(s, "in")
                      .split({"s-"})
                      .branch(kBeginsWithA, Branched{.name = "a"})
                      .branch([](const Str&, const Str& v) { return begins_with(v, "b"); },
                              Branched{.name = "b"})
                      .no_default_branch();
  branches.at("s-b").to("out-b");
  branches.at("s-a").to("out-a");
}

void merge(Scenario& s) {
  s.output("out");
  auto first = stream(s, "in1").map_values([](const Str& v) { return Str("1" + text(v)); });
  first.merge(stream(s, "in2")).map_values([](const Str& v) { return text(v) + "!"; }).to("out");
}

void multi_topic_source(Scenario& s) {
  s.output("out");
  stream(s, {"in1", "in2"}).map_values([](const Str& v) { return text(v) + "!"; }).to("out");
}

void peek_foreach(Scenario& s) {
  s.output("out");
  const auto note = [effects = s.effects](const std::string& what) {
    effects->back().push_back(what);
  };
  const auto says = [note](std::string prefix) {
    return [note, prefix = std::move(prefix)](const Str& k, const Str& v) {
      note(prefix + text(k) + "=" + text(v));
    };
  };
  auto peeked = stream(s, "in").peek(says("p:"));
  peeked.map_values([](const Str& v) { return Str(text(v) + "!"); }).peek(says("q:")).to("out");
  peeked.for_each(says("f:"));
}

void fan_out_order(Scenario& s) {
  for (const char* topic : {"out-1", "out-2", "out-3"}) s.output(topic);
  auto source = stream(s, "in");
  auto mapped = source.map_values([](const Str& v) { return "m" + text(v); });
  source.filter([](const Str&, const Str& v) { return v.has_value(); }).to("out-1");
  mapped
      .flat_map_values(
          [](const std::string& v) { return std::vector<std::string>{v + "x", v + "y"}; })
      .to("out-2");
  mapped.to("out-3");
  source.to("out-3");
}

void repartition(Scenario& s) {
  s.output("out");
  stream(s, "in")
      .repartition({.name = "rp"})
      .map_values([](const Str& v) { return text(v) + "!"; })
      .to("out");
}

void select_key_repartition(Scenario& s) {
  s.output("out");
  s.output("direct");
  auto selected = stream(s, "in").select_key(
      [](const Str&, const Str& v) { return !v || v->empty() ? Str() : Str(first_character(*v)); });
  selected.repartition()
      .map_values([](const Str& k, const Str& v) { return text(k) + "/" + text(v); })
      .to("out");
  selected.to("direct");
}

void through_topic(Scenario& s) {
  s.output("mid");
  s.output("out");
  stream(s, "in").map_values([](const Str& v) { return text(v) + "1"; }).to("mid");
  stream(s, "mid")
      .flat_map_values([](const Str& v) { return std::vector<Str>{v, text(v) + "2"}; })
      .to("out");
}

void to_dynamic_topic(Scenario& s) {
  s.output("out-*");
  stream(s, "in").to([](const Str&, const Str& v) {
    if (!v) return std::string("out-null");
    return std::string(begins_with(v, "a") ? "out-a" : "out-other");
  });
}

void to_table(Scenario& s) {
  s.output("out");
  s.store("store", StoreType::kTimestamped);
  stream(s, "in").to_table({.name = "store"}).to_stream().to("out");
}

void select_key_to_table(Scenario& s) {
  s.output("out");
  s.store("store", StoreType::kTimestamped);
  stream(s, "in")
      .select_key(first_character_or_key)
      .to_table({.name = "store"})
      .to_stream()
      .to("out");
}

void to_table_unmaterialized(Scenario& s) {
  s.output("out");
  stream(s, "in")
      .to_table()
      .map_values([](const std::string& v) { return v + "!"; })
      .to_stream()
      .to("out");
}

void int64_values(Scenario& s) {
  s.output("out", ValueType::kInt64);
  s.builder.stream<Str, Int>("in")
      .filter([](const Str&, const Int& v) { return v != 0; })
      .map_values([](const Int& v) {
        // Two's complement: the smallest number is its own negation.
        return v ? Int(static_cast<std::int64_t>(-static_cast<std::uint64_t>(*v))) : Int();
      })
      .to("out");
}

void chain(Scenario& s) {
  s.output("out");
  stream(s, "in")
      .filter([](const Str& k, const Str& v) { return k && v; })
      .map([](const Str& k, const Str& v) { return std::pair(*v + *k, *k + *v); })
      .flat_map_values([](const std::string& v) { return characters(v); })
      .filter_not([](const std::string&, const std::string& v) { return v == "b"; })
      .select_key([](const std::string&, const std::string& v) { return v; })
      .map_values([](const std::string& k, const std::string& v) { return k + v; })
      .to("out");
}

void key_change_then_group(Scenario& s) {
  s.output("out", ValueType::kInt64);
  s.store("store", StoreType::kTimestamped, ValueType::kInt64);
  stream(s, "in")
      .map([](const Str& k, const Str& v) { return std::pair(first_character_or_key(k, v), k); })
      .group_by_key({.name = "g"})
      .count({.name = "store"})
      .to_stream()
      .to("out");
}

constexpr Kind kKinds[] = {
    {"stateless_filter", filter},
    {"stateless_filter_not", filter_not},
    {"stateless_map", map},
    {"stateless_map_values", map_values},
    {"stateless_map_values_with_key", map_values_with_key},
    {"stateless_flat_map", flat_map},
    {"stateless_flat_map_values", flat_map_values},
    {"stateless_flat_map_values_with_key", flat_map_values_with_key},
    {"stateless_select_key", select_key},
    {"stateless_branch_default", branch_default},
    {"stateless_branch_no_default", branch_no_default},
    {"stateless_merge", merge},
    {"stateless_multi_topic_source", multi_topic_source},
    {"stateless_peek_foreach", peek_foreach},
    {"stateless_fan_out_order", fan_out_order},
    {"stateless_repartition", repartition},
    {"stateless_select_key_repartition", select_key_repartition},
    {"stateless_through_topic", through_topic},
    {"stateless_to_dynamic_topic", to_dynamic_topic},
    {"stateless_to_table", to_table},
    {"stateless_select_key_to_table", select_key_to_table},
    {"stateless_to_table_unmaterialized", to_table_unmaterialized},
    {"stateless_int64_values", int64_values},
    {"stateless_chain", chain},
    {"stateless_key_change_then_group", key_change_then_group},
};

}  // namespace

std::span<const Kind> stateless_kinds() { return kKinds; }

}  // namespace millstream::conformance
