#pragma once

#include <millstream/operators/detail/aggregation_spec.h>
#include <millstream/operators/detail/repartition.h>
#include <millstream/operators/detail/stream_graph.h>
#include <millstream/operators/options.h>
#include <millstream/operators/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace millstream::detail {

/// Put an aggregation below the right parent and make its table. `Grouping` is a grouped stream or
/// table; `prefix` names the node, `store_prefix` its store.
template <class NodeType, class Grouping, class Functions, class K, class A>
KTable<K, A> make_aggregation(const Grouping& grouping, Functions functions, const Named& named,
                              const Materialized<K, A>& options, std::string_view prefix,
                              std::string_view store_prefix) {
  StreamGraph& graph = grouping.graph();
  const std::string store = graph.store_name_or_new(options.name, store_prefix);
  StoredTable<K, A> table{
      table_store(options.store_options(), store),
      require_serde(graph, "an aggregation", "key", options.key_serde, grouping.key_serde()),
      require_serde(graph, "an aggregation", "value", options.value_serde, {})};
  const auto [name, parent] = grouping.name_and_parent(named, prefix, store);
  auto spec = std::make_shared<AggregationSpec<NodeType, Functions>>(std::move(functions),
                                                                     std::move(table));
  GraphNode& node = graph.add(*parent, std::make_unique<ProcessorGraphNode>(name, spec));
  return {{&graph, &node},
          std::move(spec),
          inherit(options.key_serde, grouping.key_serde()),
          inherit(options.value_serde)};
}

}  // namespace millstream::detail
