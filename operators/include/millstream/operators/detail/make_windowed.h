#pragma once

#include <millstream/core/nullable.h>
#include <millstream/core/serdes.h>
#include <millstream/core/windowed.h>
#include <millstream/operators/detail/repartition.h>
#include <millstream/operators/detail/stream_graph.h>
#include <millstream/operators/detail/window_node.h>
#include <millstream/operators/options.h>
#include <millstream/operators/type_fwd.h>
#include <millstream/operators/windows.h>

#include <concepts>
#include <memory>
#include <string_view>
#include <utility>

namespace millstream::detail {

/// How a windowed aggregation treats time.
struct WindowTiming {
  /// How far behind stream time a window's end is when the window closes.
  Duration closing_delay{};
  EmitStrategy emit = EmitStrategy::kOnWindowUpdate;
};

template <class WindowSerde, class K>
WindowSerde window_serde(Duration window_size, const Serde<K>& key) {
  if constexpr (std::same_as<WindowSerde, SessionWindowedSerde<K>>) {
    return {key};
  } else {
    return {window_size, key};
  }
}

/// Put a windowed aggregation below the right parent and make its table. `WindowSerde` is the serde
/// of the table's keys.
template <class NodeType, class Getter, class WindowSerde, class K, class V, class W,
          class Functions, class A>
KTable<Windowed<NonNull<K>>, A> make_windowed(const KGroupedStream<K, V>& grouped, W windows,
                                              Functions functions, const Named& named,
                                              const Materialized<NonNull<K>, A>& options,
                                              StoreSpec store, std::string_view prefix,
                                              const WindowTiming& timing) {
  using Key = NonNull<K>;
  StreamGraph& graph = grouped.graph();
  emit_as(timing.emit, store);
  auto key_serde =
      require_serde(graph, "a windowed aggregation", "key", options.key_serde, grouped.key_serde());
  auto windowed_serde = window_serde<WindowSerde>(store.window_size, key_serde);
  const auto [name, parent] = grouped.name_and_parent(named, prefix, store.name);
  auto spec = std::make_shared<WindowAggregationSpec<NodeType, Getter, W, Functions>>(
      std::move(windows), std::move(functions),
      StoredTable<Key, A>{
          std::move(store), std::move(key_serde),
          require_serde(graph, "a windowed aggregation", "value", options.value_serde, {})},
      timing.emit);
  GraphNode& node = graph.add(*parent, std::make_unique<ProcessorGraphNode>(
                                           name, std::shared_ptr<const ProcessorSpec>(spec)));
  node.closing_delay = timing.closing_delay;
  return {{&graph, &node},
          std::move(spec),
          Serde<Windowed<Key>>(std::move(windowed_serde)),
          inherit(options.value_serde)};
}

}  // namespace millstream::detail
