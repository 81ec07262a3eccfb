// The Processor API.

#include "function_processor.h"
#include "registry.h"

#include <millstream/state/key_value_store.h>
#include <millstream/state/timestamped_key_value_store.h>
#include <millstream/topology/fixed_key_processor.h>
#include <millstream/topology/processor.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace millstream::conformance {

namespace {

using Counts = KeyValueStore<std::string, std::int64_t>;
using Strings = KeyValueStore<std::string, std::string>;

/// Counts keys, and tells all counts at each punctuation.
class CountAndTell final : public StrProcessor {
 public:
  CountAndTell(Duration interval, PunctuationType type) : interval_(interval), type_(type) {}

  void init(StrContext& context) override {
    StrProcessor::init(context);
    counts_.emplace(context.state_store<Counts>("store"));
    context.schedule(interval_, type_, [this](Timestamp time) { tell(time); });
  }
  void process(const Record<Str, Str>& record) override {
    if (!record.key()) return;
    counts_->put(*record.key(), counts_->get(*record.key()).value_or(0) + 1);
  }

 private:
  void tell(Timestamp time) {
    auto rows = counts_->all();
    bool none = true;
    while (const auto row = rows.next()) {
      none = false;
      context().forward(row->first, row->first + "=" + std::to_string(row->second), time);
    }
    if (none) context().forward("none", "none", time);
  }

  Duration interval_;
  PunctuationType type_;
  std::optional<Counts> counts_;
};

void punctuator(Scenario& s, PunctuationType type) {
  s.output("out");
  s.store("store", StoreType::kPlain, ValueType::kInt64);
  const Duration interval = s.millis("interval_ms");
  s.topology.emplace();
  s.topology->add_source<Str, Str>("src", "in")
      .add_processor(
          "p", [interval, type] { return std::make_unique<CountAndTell>(interval, type); }, "src")
      .add_state_store({.name = "store"}, "p")
      .add_sink<Str, Str>("sink", "out", "p");
}
void stream_time_punctuator(Scenario& s) { punctuator(s, PunctuationType::kStreamTime); }
void wall_clock_punctuator(Scenario& s) { punctuator(s, PunctuationType::kWallClockTime); }

void two_punctuators_cancel(Scenario& s) {
  s.output("out");
  const auto init = [times = s.number("times")](StrContext& context) {
    const auto tell = [&context](const char* key) {
      return [&context, key](Timestamp t) { context.forward(key, std::to_string(t.ms()), t); };
    };
    auto handle = std::make_shared<std::shared_ptr<Cancellable>>();
    auto fired = std::make_shared<std::int64_t>(0);
    *handle = context.schedule(Duration(10), PunctuationType::kStreamTime,
                               [tell, handle, fired, times](Timestamp t) {
                                 tell("s")(t);
                                 if (++*fired == times) (*handle)->cancel();
                               });
    context.schedule(Duration(15), PunctuationType::kWallClockTime, tell("w"));
    context.schedule(Duration(20), PunctuationType::kStreamTime, tell("t"));
  };
  const auto process = [](StrContext& context, const Record<Str, Str>& record) {
    context.forward(record);
  };
  s.builder.stream<Str, Str>("in").process(processor(process, init)).to("out");
}

void punctuation_schedule_from_process(Scenario& s) {
  s.output("out");
  const auto process = [](StrContext& context, const Record<Str, Str>& record) {
    if (!record.key() || !record.value()) return;
    const auto once = [&](PunctuationType type, std::string prefix) {
      auto handle = std::make_shared<std::shared_ptr<Cancellable>>();
      *handle = context.schedule(Duration(10), type,
                                 [&context, handle, key = record.key(), prefix](Timestamp t) {
                                   context.forward(key, prefix + std::to_string(t.ms()), t);
                                   (*handle)->cancel();
                                 });
    };
    once(PunctuationType::kStreamTime, "st");
    once(PunctuationType::kWallClockTime, "wc");
  };
  s.builder.stream<Str, Str>("in").process(processor(process)).to("out");
}

void named_children(Scenario& s) {
  s.output("out-1");
  s.output("out-2");
  const auto choose = [](StrContext& context, const Record<Str, Str>& record) {
    const Str& v = record.value();
    if (v == "1" || v == "12") context.forward(record, "s1");
    if (v == "2" || v == "12") context.forward(record, "c2");
    if (v == "*") context.forward(record);
  };
  const auto append = [](StrContext& context, const Record<Str, Str>& record) {
    context.forward(record.with_value<Str>(text(record.value()) + "c"));
  };
  s.topology.emplace();
  s.topology->add_source<Str, Str>("src", "in")
      .add_processor("p", processor(choose), "src")
      .add_processor("c2", processor(append), "p")
      .add_sink<Str, Str>("s1", "out-1", "p")
      .add_sink<Str, Str>("s2", "out-2", "c2");
}

void unknown_child_throws(Scenario& s) {
  s.output("out");
  const auto process = [](StrContext& context, const Record<Str, Str>& record) {
    context.forward(record, record.value() ? "sink" : "nowhere");
  };
  s.topology.emplace();
  s.topology->add_source<Str, Str>("src", "in")
      .add_processor("p", processor(process), "src")
      .add_sink<Str, Str>("sink", "out", "p");
}

void change_timestamp(Scenario& s) {
  s.output("out");
  s.output("counts", ValueType::kInt64, windowed_key(Duration(10)));
  s.store("w", StoreType::kTimestampedWindow, ValueType::kInt64);
  const auto process = [delta = s.millis("delta_ms")](StrContext& context,
                                                      const Record<Str, Str>& record) {
    context.forward(record.with_timestamp(record.timestamp() + delta));
    context.forward(record);
    context.forward(record.with_timestamp(std::max(Timestamp(0), record.timestamp() - delta)));
  };
  auto shifted = s.builder.stream<Str, Str>("in").process(processor(process));
  shifted.to("out");
  shifted.group_by_key()
      .windowed_by(TimeWindows::of_size_with_no_grace(Duration(10)))
      .count({.name = "w"})
      .to_stream()
      .to("counts");
}

class TwoValues final : public FixedKeyProcessor<Str, Str, Str> {
 public:
  void init(FixedKeyProcessorContext<Str, Str>& context) override { context_ = &context; }
  void process(const FixedKeyRecord<Str, Str>& record) override {
    context_->forward(record.with_value<Str>(text(record.value()) + "/1"));
    context_->forward(record.with_value<Str>(text(record.value()) + "/2")
                          .with_timestamp(record.timestamp() + Duration(20)));
  }

 private:
  FixedKeyProcessorContext<Str, Str>* context_ = nullptr;
};

void process_values_timestamps(Scenario& s) {
  s.output("out");
  s.output("counts", ValueType::kInt64, windowed_key(Duration(10)));
  auto doubled =
      s.builder.stream<Str, Str>("in").process_values([] { return std::make_unique<TwoValues>(); });
  doubled.to("out");
  doubled.group_by_key()
      .windowed_by(TimeWindows::of_size_and_grace(Duration(10), Duration(5)))
      .count(Materialized{})
      .to_stream()
      .to("counts");
}

void context_metadata(Scenario& s) {
  s.output("out");
  const auto process = [](StrContext& context, const Record<Str, Str>& record) {
    const RecordMetadata& m = context.record_metadata();
    context.forward(
        record.with_value<Str>(std::string(m.topic) + "/" + std::to_string(m.partition) + "/" +
                               std::to_string(to_int(m.offset)) + "/" +
                               std::to_string(context.current_stream_time().ms()) + "/" +
                               std::to_string(context.current_system_time().ms())));
  };
  s.builder.stream<Str, Str>({"in1", "in2"}).process(processor(process)).to("out");
}

void punctuation_metadata(Scenario& s) {
  s.output("out");
  const auto init = [](StrContext& context) {
    const auto tell = [&context](Timestamp time) {
      const RecordMetadata& m = context.record_metadata();
      const std::string topic = m.topic.empty() ? "null" : std::string(m.topic);
      context.forward("p",
                      topic + "/" + std::to_string(to_int(m.offset)) + "/" +
                          std::to_string(context.current_stream_time().ms()),
                      time);
    };
    context.schedule(Duration(10), PunctuationType::kStreamTime, tell);
    context.schedule(Duration(10), PunctuationType::kWallClockTime, tell);
  };
  const auto process = [](StrContext&, const Record<Str, Str>&) {};
  s.builder.stream<Str, Str>("in").process(processor(process, init)).to("out");
}

void shared_store(Scenario& s) {
  s.output("out");
  s.store("shared", StoreType::kPlain);
  const auto write = [](StrContext& context, const Record<Str, Str>& record) {
    if (!record.key()) return;
    auto shared = context.state_store<Strings>("shared");
    const Str old = shared.get(*record.key());
    if (record.value()) {
      shared.put(*record.key(), *record.value());
    } else {
      shared.erase(*record.key());
    }
    context.forward(record.with_value<Str>("w:" + text(old) + ">" + text(record.value())));
  };
  const auto read = [](StrContext& context, const Record<Str, Str>& record) {
    if (!record.key()) return;
    auto shared = context.state_store<Strings>("shared");
    context.forward(record.with_value<Str>("r:" + text(shared.get(*record.key()))));
  };
  s.topology.emplace();
  s.topology->add_source<Str, Str>("s1", "in1")
      .add_source<Str, Str>("s2", "in2")
      .add_processor("w", processor(write), "s1")
      .add_processor("r", processor(read), "s2")
      .add_state_store({.name = "shared"}, {"w", "r"})
      .add_sink<Str, Str>("sink", "out", {"w", "r"});
}

class KeepWithTime final : public Processor<Str, Str> {
 public:
  void init(ProcessorContext<void, void>& context) override {
    store_.emplace(context.state_store<Strings>("gs"));
  }
  void process(const Record<Str, Str>& record) override {
    if (!record.key()) return;
    if (record.value()) {
      store_->put(*record.key(), *record.value() + "@" + std::to_string(record.timestamp().ms()));
    } else {
      store_->erase(*record.key());
    }
  }

 private:
  std::optional<Strings> store_;
};

void global_store(Scenario& s) {
  s.output("out");
  s.store("gs", StoreType::kPlain);
  s.builder.add_global_store<Str, Str>({.name = "gs"}, "global", {},
                                       [] { return std::make_unique<KeepWithTime>(); });
  const auto process = [](StrContext& context, const Record<Str, Str>& record) {
    if (!record.key()) return;
    auto global = context.state_store<Strings>("gs");
    context.forward(
        record.with_value<Str>(text(record.value()) + "/" + text(global.get(*record.key()))));
  };
  s.builder.stream<Str, Str>("in").process(processor(process)).to("out");
}

void multi_sink_order(Scenario& s) {
  for (const char* topic : {"o1", "o2", "o3"}) s.output(topic);
  const auto process = [](StrContext& context, const Record<Str, Str>& record) {
    context.forward(record.with_value<Str>(text(record.value()) + "1"));
    context.forward(record.with_value<Str>(text(record.value()) + "2"));
  };
  s.topology.emplace();
  s.topology->add_source<Str, Str>("src", "in")
      .add_processor("p", processor(process), "src")
      .add_sink<Str, Str>("z", "o1", "p")
      .add_sink<Str, Str>("a", "o2", "p")
      .add_sink<Str, Str>("m", "o3", {"p", "src"});
}

/// Drops repeated values of a key for a while.
class Deduplicate final : public StrProcessor {
 public:
  using Seen = TimestampedKeyValueStore<std::string, std::string>;
  explicit Deduplicate(Duration ttl) : ttl_(ttl) {}

  void init(StrContext& context) override {
    StrProcessor::init(context);
    seen_.emplace(context.state_store<Seen>("seen"));
    context.schedule(ttl_, PunctuationType::kStreamTime, [this](Timestamp time) { expire(time); });
  }
  void process(const Record<Str, Str>& record) override {
    if (!record.key() || !record.value()) return;
    const auto old = seen_->get(*record.key());
    const bool repeated = old && old->value == *record.value() &&
                          std::chrono::abs(record.timestamp() - old->timestamp) <= ttl_;
    if (repeated) return;
    seen_->put(*record.key(), *record.value(), record.timestamp());
    context().forward(record);
  }

 private:
  void expire(Timestamp time) {
    auto rows = seen_->all();
    while (const auto row = rows.next()) {
      if (row->second.timestamp + ttl_ >= time) continue;
      seen_->erase(row->first);
      context().forward(row->first, std::nullopt, time);
    }
  }

  Duration ttl_;
  std::optional<Seen> seen_;
};

void timestamped_store_dedup(Scenario& s) {
  s.output("out");
  s.store("seen", StoreType::kTimestamped);
  s.builder.add_state_store({.name = "seen", .kind = StoreKind::kTimestampedKeyValue});
  s.builder.stream<Str, Str>("in")
      .process([ttl = s.millis("ttl_ms")] { return std::make_unique<Deduplicate>(ttl); }, "seen")
      .to("out");
}

constexpr Kind kKinds[] = {
    {"papi_stream_time_punctuator", stream_time_punctuator},
    {"papi_wall_clock_punctuator", wall_clock_punctuator},
    {"papi_two_punctuators_cancel", two_punctuators_cancel},
    {"papi_punctuation_schedule_from_process", punctuation_schedule_from_process},
    {"papi_named_children", named_children},
    {"papi_unknown_child_throws", unknown_child_throws},
    {"papi_change_timestamp", change_timestamp},
    {"papi_process_values_timestamps", process_values_timestamps},
    {"papi_context_metadata", context_metadata},
    {"papi_punctuation_metadata", punctuation_metadata},
    {"papi_shared_store", shared_store},
    {"papi_global_store", global_store},
    {"papi_multi_sink_order", multi_sink_order},
    {"papi_timestamped_store_dedup", timestamped_store_dedup},
};

}  // namespace

std::span<const Kind> processor_kinds() { return kKinds; }

}  // namespace millstream::conformance
