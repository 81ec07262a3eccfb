// Exception handlers.

#include "registry.h"

#include <stdexcept>
#include <utility>
#include <vector>

namespace millstream::conformance {

namespace {

std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

KStream<Str, Int> numbers(Scenario& s) { return s.builder.stream<Str, Int>("in"); }

void plus_one(Scenario& s, const KStream<Str, Int>& in) {
  s.output("out", ValueType::kInt64);
  in.map_values([](const Int& v) { return v ? Int(wrapping_sum(*v, 1)) : v; }).to("out");
}

void deser_fail(Scenario& s) { plus_one(s, numbers(s)); }

void deser_continue(Scenario& s) {
  s.config.set("deserialization.exception.handler", "continue");
  s.output("sum", ValueType::kInt64);
  s.store("store", StoreType::kTimestamped, ValueType::kInt64);
  auto in = numbers(s);
  plus_one(s, in);
  in.group_by_key().reduce(wrapping_sum, {.name = "store"}).to_stream().to("sum");
}

void deser_continue_stream_time(Scenario& s) {
  s.config.set("deserialization.exception.handler", "continue");
  s.output("out", ValueType::kInt64, windowed_key(Duration(10)));
  numbers(s)
      .group_by_key()
      .windowed_by(TimeWindows::of_size_with_no_grace(Duration(10)))
      .count(Materialized{})
      .to_stream()
      .to("out");
}

void throwing_chain(Scenario& s) {
  s.output("out");
  s.builder.stream<Str, Str>("in")
      .map_values([](const Str& v) {
        if (v == "boom") throw std::runtime_error("boom");
        return text(v) + "!";
      })
      .flat_map_values([](const std::string& v) { return std::vector<std::string>{v, v}; })
      .filter([](const Str&, const std::string& v) {
        if (v == "late!") throw std::runtime_error("late");
        return true;
      })
      .to("out");
}

void processing_fail(Scenario& s) { throwing_chain(s); }

void processing_continue(Scenario& s) {
  s.config.set("processing.exception.handler", "continue");
  throwing_chain(s);
}

constexpr Kind kKinds[] = {
    {"deser_log_and_fail", deser_fail},
    {"deser_log_and_continue", deser_continue},
    {"deser_continue_stream_time", deser_continue_stream_time},
    {"processing_log_and_fail", processing_fail},
    {"processing_log_and_continue", processing_continue},
};

}  // namespace

std::span<const Kind> handler_kinds() { return kKinds; }

}  // namespace millstream::conformance
