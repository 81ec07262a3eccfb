#pragma once

#include <millstream/operators/options.h>
#include <millstream/operators/windows.h>
#include <millstream/state/store_spec.h>
#include <millstream/topology/node_spec.h>

#include <string>
#include <vector>

namespace millstream::detail {

/// An operator, said once: makes its nodes and knows its stores. Asked when the graph is written,
/// since operators added later may make a table keep its rows. Immutable from then on.
/// **Source**: ProcessorParameters and ProcessorSupplier of Kafka Streams.
class ProcessorSpec : public NodeFactory {
 public:
  /// Stores that come and go with this operator.
  [[nodiscard]] virtual std::vector<StoreSpec> stores() const { return {}; }
  /// Stores of others that it reads.
  [[nodiscard]] virtual std::vector<std::string> connected_stores() const { return {}; }
  /// Sources of tables: read the rows back from their topic instead of a changelog of their own.
  virtual void reuse_source_topic(const std::string& topic) { static_cast<void>(topic); }
};

/// The store of a table: timestamped key-value, or versioned where a history is asked for.
[[nodiscard]] StoreSpec table_store(const StoreOptions& options, const std::string& name);
/// The store of a time-windowed aggregation.
[[nodiscard]] StoreSpec window_store(const StoreOptions& options, const std::string& name,
                                     Duration window_size, Duration default_retention);
/// The store of a session aggregation.
[[nodiscard]] StoreSpec session_store(const StoreOptions& options, const std::string& name,
                                      Duration default_retention);
/// Make a store fit for how its operator emits: one that emits on close finds rows by time, and has
/// nothing to cache.
void emit_as(EmitStrategy emit, StoreSpec& store);

}  // namespace millstream::detail
