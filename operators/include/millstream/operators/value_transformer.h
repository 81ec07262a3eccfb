#pragma once

#include <millstream/topology/processor_context.h>

#include <optional>

namespace millstream {

/// A function with state of its own on the rows of a table; see KTable::transform_values.
/// **Thread**: the task's. **Source**: ValueTransformerWithKey of Kafka Streams.
template <class K, class V, class VR>
class ValueTransformer {
 public:
  using Key = K;
  using Value = V;
  using Result = VR;

  virtual ~ValueTransformer() = default;
  virtual void init(ProcessorContextBase& context) { static_cast<void>(context); }
  /// The new row for a row; null for a tombstone, on either side.
  virtual std::optional<VR> transform(const K& key, const V* value) = 0;
  virtual void close() {}
};

}  // namespace millstream
