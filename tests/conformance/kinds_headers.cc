// What becomes of headers in stateless operators, processors, repartition topics and aggregations.

#include "function_processor.h"
#include "registry.h"

#include <utility>
#include <vector>

namespace millstream::conformance {

namespace {

constexpr auto kSameKey = [](const Str& k, const Str&) { return k; };

KStream<Str, Str> stream(Scenario& s) { return s.builder.stream<Str, Str>("in"); }

void stateless_chain(Scenario& s) {
  s.output("out");
  stream(s)
      .map_values([](const Str& v) { return text(v) + "!"; })
      .filter([](const Str&, const std::string&) { return true; })
      .select_key([](const Str& k, const std::string&) { return k; })
      .flat_map_values([](const std::string& v) { return std::vector<std::string>{v, v + "2"}; })
      .to("out");
}

void mutation(Scenario& s) {
  s.output("out");
  s.output("out2");
  const auto process = [](StrContext& context, const Record<Str, Str>& record) {
    record.headers().add("p", record.value());
    context.forward(record);
    Headers copy = record.headers();
    copy.remove("h0");
    copy.add("q", "2");
    context.forward(record.with_headers(copy));
    context.forward(record.with_value<Str>("last"));
  };
  auto changed = stream(s).process(processor(process));
  changed.to("out");
  changed.map_values([](const Str& v) { return text(v) + "!"; }).to("out2");
}

void child_mutation_isolation(Scenario& s) {
  for (const char* topic : {"out1", "out2", "out3"}) s.output(topic);
  const auto marks = [](const char* name) {
    return processor([name](StrContext& context, const Record<Str, Str>& record) {
      record.headers().add(name, "1");
      context.forward(record);
    });
  };
  auto in = stream(s);
  in.process(marks("a")).to("out1");
  in.process(marks("b")).to("out2");
  in.to("out3");
}

void punctuate(Scenario& s) {
  s.output("out");
  const auto init = [](StrContext& context) {
    const auto tell = [&context](const char* key) {
      return [&context, key](Timestamp t) { context.forward(key, std::to_string(t.ms()), t); };
    };
    context.schedule(Duration(10), PunctuationType::kStreamTime, tell("s"));
    context.schedule(Duration(10), PunctuationType::kWallClockTime, tell("w"));
  };
  const auto process = [](StrContext& context, const Record<Str, Str>& record) {
    context.forward(record);
  };
  stream(s).process(processor(process, init)).to("out");
}

void repartition_aggregate(Scenario& s) {
  s.output("rp");
  s.output("out", ValueType::kInt64);
  auto divided = stream(s).select_key(kSameKey).repartition({.name = "r"});
  divided.to("rp");
  divided.group_by_key().count(Materialized{}).to_stream().to("out");
}

constexpr Kind kKinds[] = {
    {"headers_stateless_chain", stateless_chain},
    {"headers_mutation", mutation},
    {"headers_child_mutation_isolation", child_mutation_isolation},
    {"headers_punctuate", punctuate},
    {"headers_repartition_aggregate", repartition_aggregate},
};

}  // namespace

std::span<const Kind> header_kinds() { return kKinds; }

}  // namespace millstream::conformance
