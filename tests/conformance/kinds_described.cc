// Topologies that are only described.

#include "registry.h"

#include <millstream/topology/fixed_key_processor.h>
#include <millstream/topology/processor.h>

#include <utility>

namespace millstream::conformance {

namespace {

constexpr auto kAll = [](const auto&, const auto&) { return true; };
constexpr auto kSame = [](const auto& v) { return v; };
constexpr auto kNothing = [](const auto&, const auto&) {};
constexpr auto kValueAsKey = [](const Str&, const Str& v) { return v; };

KStream<Str, Str> stream(Scenario& s, const NameList& topics) {
  return s.builder.stream<Str, Str>(topics);
}

void named_stateless(Scenario& s) {
  s.builder.stream<Str, Str>("in", {.name = "my-source"})
      .filter(kAll, {"my-filter"})
      .map_values(kSame, {"my-map"})
      .select_key([](const Str& k, const Str&) { return k; }, {"my-select"})
      .peek(kNothing, {"my-peek"})
      .flat_map_values([](const Str& v) { return std::vector<Str>{v}; }, {"my-fmv"})
      .to("out", {.name = "my-sink"});
}

void named_branches(Scenario& s) {
  auto branches = stream(s, "in")
                      .split({"split-"})
                      .branch(kAll, Branched{.name = "one"})
                      .branch(kAll, {.name = "two", .consumer = [](auto b) { b.to("two"); }})
                      .default_branch(Branched{.name = "rest"});
  branches.at("split-one").to("one");
  branches.at("split-rest").merge(branches.at("split-one"), {"my-merge"}).to("rest");
}

void named_group_count(Scenario& s) {
  stream(s, "in")
      .group_by(kValueAsKey, {.name = "my-group"})
      .count({"my-count"}, {.name = "my-store"})
      .to_stream({"my-to-stream"})
      .to("out");
}

void unnamed_aggregations(Scenario& s) {
  const auto grouped = stream(s, "in").group_by_key();
  static_cast<void>(grouped.count());
  static_cast<void>(grouped.reduce([](const std::string& a, const std::string&) { return a; }));
  static_cast<void>(grouped.windowed_by(TimeWindows::of_size_with_no_grace(Duration(10))).count());
  static_cast<void>(
      grouped.windowed_by(SessionWindows::of_inactivity_gap_with_no_grace(Duration(10))).count());
}

void repartition_named(Scenario& s) {
  auto selected = stream(s, "in").select_key(kValueAsKey);
  selected.repartition({.name = "my-rp", .partitions = 3}).to("a");
  selected.repartition({.partitions = 2}).to("b");
  selected.to_table({"my-tt"}, {.name = "tt"}).to_stream().to("c");
}

class Pass final : public Processor<Str, Str, Str, Str> {
 public:
  void process(const Record<Str, Str>&) override {}
};
class PassValues final : public FixedKeyProcessor<Str, Str, Str> {
 public:
  void process(const FixedKeyRecord<Str, Str>&) override {}
};

void processors_named(Scenario& s) {
  const auto pass = [] { return std::make_unique<Pass>(); };
  s.builder.add_state_store({.name = "st"});
  stream(s, {"x", "y"})
      .process(pass, "st", {"my-proc"})
      .process_values([] { return std::make_unique<PassValues>(); }, {}, {"my-pv"})
      .process(pass)
      .for_each(kNothing, {"my-foreach"});
}

constexpr Kind kKinds[] = {
    {"desc_named_stateless", named_stateless},
    {"desc_named_branches", named_branches},
    {"desc_named_group_count", named_group_count},
    {"desc_repartition_named", repartition_named},
    {"desc_unnamed_aggregations", unnamed_aggregations},
    {"desc_processors_named", processors_named},
};

}  // namespace

std::span<const Kind> described_kinds() { return kKinds; }

}  // namespace millstream::conformance
