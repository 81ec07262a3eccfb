#pragma once

#include <millstream/operators/detail/sliding_aggregate.h>
#include <millstream/operators/detail/window_aggregate.h>
#include <millstream/operators/sliding_windows.h>

namespace millstream::detail {

/// The node that aggregates over windows of a kind.
template <class K, class V, class W, class Functions>
struct WindowNodeOf {
  using type = WindowAggregateNode<K, V, W, Functions>;
};
template <class K, class V, class Functions>
struct WindowNodeOf<K, V, SlidingWindows, Functions> {
  using type = SlidingAggregateNode<K, V, Functions>;
};

}  // namespace millstream::detail
