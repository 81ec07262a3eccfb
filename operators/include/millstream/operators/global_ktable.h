#pragma once

#include <millstream/operators/detail/table_spec.h>

#include <memory>
#include <string>
#include <utility>

namespace millstream {

/// A table of which every instance has all rows, so that a stream can be joined with it by any key
/// without repartitioning. Nothing flows out of it.
/// **Lifetime**, **Thread**: as KStream. **Source**: GlobalKTable of Kafka Streams.
template <class K, class V>
class GlobalKTable {
 public:
  using key_type = K;
  using value_type = V;

  /// The name of its store, for queries.
  [[nodiscard]] const std::string& store_name() const { return store_name_; }

  // ---- for the DSL's own use ----

  GlobalKTable(std::shared_ptr<const detail::TableSpec<K, V>> spec, std::string store_name)
      : spec_(std::move(spec)), store_name_(std::move(store_name)) {}
  [[nodiscard]] const std::shared_ptr<const detail::TableSpec<K, V>>& spec() const { return spec_; }

 private:
  std::shared_ptr<const detail::TableSpec<K, V>> spec_;
  std::string store_name_;
};

}  // namespace millstream
