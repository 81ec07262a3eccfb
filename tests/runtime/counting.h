#pragma once

#include <millstream/core/serdes.h>
#include <millstream/state/key_value_store.h>
#include <millstream/topology/processor.h>
#include <millstream/topology/topology.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace millstream::testing {

/// Counts records a key in the store "counts" and puts out each new count; the key "poison" throws.
class Counting : public ContextualProcessor<std::string, std::string, std::string, std::int64_t> {
 public:
  void init(ProcessorContext<std::string, std::int64_t>& context) override {
    ContextualProcessor::init(context);
    counts_.emplace(context.state_store<KeyValueStore<std::string, std::int64_t>>("counts"));
  }
  void process(const Record<std::string, std::string>& record) override {
    if (record.key() == "poison") throw std::runtime_error("poisoned");
    const std::int64_t count = counts_->get(record.key()).value_or(0) + 1;
    counts_->put(record.key(), count);
    context().forward(record.with_value(count));
  }

 private:
  std::optional<KeyValueStore<std::string, std::int64_t>> counts_;
};

/// `in` → counts → `out`.
inline Topology counting_topology(const std::string& in, const std::string& out) {
  Topology topology;
  topology.add_source<std::string, std::string>("source", in)
      .add_processor(
          "count", [] { return std::make_unique<Counting>(); }, "source", "counts")
      .add_state_store({.name = "counts"})
      .add_sink<std::string, std::int64_t>("sink", out, "count");
  return topology;
}

}  // namespace millstream::testing
