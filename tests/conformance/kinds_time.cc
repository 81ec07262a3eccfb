// Timestamp extractors.

#include "registry.h"

#include <millstream/topology/timestamp_extractor.h>

#include <charconv>
#include <utility>

namespace millstream::conformance {

namespace {

using StrConsumed = Consumed<Str, Str>;

/// The decimal integer before the value's first ':', or -1.
Timestamp time_in_value(const Record<Str, Str>& record, const ExtractionContext&) {
  const Str& value = record.value();
  const std::size_t colon = value ? value->find(':') : std::string::npos;
  if (colon == std::string::npos) return Timestamp::none();
  std::int64_t ms = -1;
  std::from_chars(value->data(), value->data() + colon, ms);
  return Timestamp(ms);
}

Timestamp one_after_partition_time(const Record<Str, Str>&, const ExtractionContext& context) {
  return context.partition_time.is_valid() ? context.partition_time + Duration(1) : Timestamp(1000);
}

/// What default.timestamp.extractor says in Kafka Streams is said of the source.
KStream<Str, Str> stream(Scenario& s, const std::string& topic,
                         TimestampExtractor<Str, Str> extractor) {
  return s.builder.stream<Str, Str>(topic,
                                    StrConsumed{.timestamp_extractor = std::move(extractor)});
}

void shout(const KStream<Str, Str>& stream) {
  stream.map_values([](const Str& v) { return text(v) + "!"; }).to("out");
}

void shout_and_count(Scenario& s, TimestampExtractor<Str, Str> extractor) {
  s.output("out");
  s.output("count", ValueType::kInt64);
  s.store("store", StoreType::kTimestamped, ValueType::kInt64);
  auto in = stream(s, "in", std::move(extractor));
  shout(in);
  in.group_by_key().count({.name = "store"}).to_stream().to("count");
}

void fail_on_invalid(Scenario& s) {
  s.output("out");
  shout(s.builder.stream<Str, Str>("in"));
}
void log_and_skip(Scenario& s) { shout_and_count(s, LogAndSkipOnInvalidTimestamp()); }
void use_partition_time(Scenario& s) { shout_and_count(s, UsePartitionTimeOnInvalidTimestamp()); }

void from_value(Scenario& s) {
  s.output("out");
  s.output("counts", ValueType::kInt64, windowed_key(Duration(10)));
  auto in = stream(s, "in", time_in_value);
  in.to("out");
  in.group_by_key()
      .windowed_by(TimeWindows::of_size_and_grace(Duration(10), Duration(20)))
      .count(Materialized{})
      .to_stream()
      .to("counts");
}

void per_topic_extractor(Scenario& s) {
  s.output("out");
  auto a = stream(s, "a", time_in_value);
  auto c = stream(s, "c", one_after_partition_time);
  auto b = s.builder.stream<Str, Str>("b");
  a.merge(b).merge(c).to("out");
}

void source_and_repartition_time(Scenario& s) {
  s.output("out");
  stream(s, "in", time_in_value)
      .map([](const Str& k, const Str& v) { return std::pair(k, Str("1" + text(v))); })
      .repartition()
      .to("out");
}

constexpr Kind kKinds[] = {
    {"ts_fail_on_invalid", fail_on_invalid},
    {"ts_log_and_skip", log_and_skip},
    {"ts_use_partition_time", use_partition_time},
    {"ts_from_value", from_value},
    {"ts_per_topic_extractor", per_topic_extractor},
    {"ts_source_and_repartition_time", source_and_repartition_time},
};

}  // namespace

std::span<const Kind> time_kinds() { return kKinds; }

}  // namespace millstream::conformance
