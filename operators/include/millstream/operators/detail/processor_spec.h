#pragma once

#include <millstream/operators/options.h>
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
};

/// The store of a table: timestamped key-value, or versioned where a history is asked for.
[[nodiscard]] StoreSpec table_store(const StoreOptions& options, const std::string& name);
/// The store of a time-windowed aggregation.
[[nodiscard]] StoreSpec window_store(const StoreOptions& options, const std::string& name,
                                     Duration window_size, Duration default_retention);

}  // namespace millstream::detail
