#pragma once

#include <millstream/operators/detail/join_graph_node.h>
#include <millstream/operators/detail/joiner.h>
#include <millstream/operators/detail/stream_join.h>
#include <millstream/operators/detail/stream_join_side.h>
#include <millstream/operators/detail/stream_table_join.h>
#include <millstream/operators/global_ktable.h>
#include <millstream/operators/join_options.h>
#include <millstream/operators/join_windows.h>
#include <millstream/operators/kstream.h>
#include <millstream/operators/ktable.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace millstream::detail {

/// A serde for a join's repartition topic or store, where there is one: else any will do.
template <class T, SerdeUse Use>
Serde<NonNull<T>> join_serde(StreamGraph& graph, bool needed, const char* part,
                             const SerdeOption<T, Use>& option, const Inherited<T>& inherited) {
  if (!needed) return NoSerde<NonNull<T>>();
  return require_serde(graph, "a join", part, option, inherited);
}

/// Note what is wrong with a grace period on a table that keeps versions for `history`.
void check_join_grace(StreamGraph& graph, const std::string& join, Duration grace,
                      const std::optional<Duration>& history);

template <JoinKind Kind, class K, class V, class VT, class F>
auto join_stream_with_table(const KStream<K, V>& stream, const KTable<NonNull<K>, VT>& table,
                            F joiner, const Joined<K, V>& options) {
  using Key = NonNull<K>;
  using Spec = StreamTableJoinSpec<K, V, Key, VT, OwnKey, F, Kind>;
  constexpr bool kIsLeft = Kind == JoinKind::kLeft;
  StreamGraph& graph = *stream.place().graph;
  const bool is_written = stream.place().node->repartition_required || options.grace;
  const auto key = join_serde<K>(graph, is_written, "key", options.key_serde, stream.key_serde());
  const auto value =
      join_serde<V>(graph, is_written, "value", options.value_serde, stream.value_serde());
  GraphNode& parent =
      join_parent(stream.place(), options.name, stream_repartition<K, V>(key, value));
  std::set<std::string> sources = copartition(graph, parent, *table.place().node);
  const std::string name =
      graph.name_or_new(options.name, kIsLeft ? "KSTREAM-LEFTJOIN-" : "KSTREAM-JOIN-");
  table.spec()->enable_reads();
  const auto history = table.spec()->history();
  typename Spec::Plan plan{table.spec(), history.has_value(), {}, {}, key, value};
  if (options.grace) {
    check_join_grace(graph, name, *options.grace, history);
    plan.buffer = name + "-Buffer";
    plan.grace = *options.grace;
  }
  GraphNode& node =
      graph.add(parent, std::make_unique<ProcessorGraphNode>(
                            name, std::shared_ptr<const ProcessorSpec>(std::make_shared<Spec>(
                                      std::move(plan), true, OwnKey(), std::move(joiner)))));
  node.relaxes_null_keys = kIsLeft;
  node.value_changing = true;
  node.sources = std::move(sources);
  return KStream<K, typename Spec::NodeType::Result>(
      {&graph, &node}, inherit(options.key_serde, stream.key_serde()), {});
}

template <JoinKind Kind, class K, class V, class KG, class VG, class Select, class F>
auto join_stream_with_global(const KStream<K, V>& stream, const GlobalKTable<KG, VG>& table,
                             Select selector, F joiner, const Named& named) {
  using Spec = StreamTableJoinSpec<K, V, KG, VG, Select, F, Kind>;
  StreamGraph& graph = *stream.place().graph;
  typename Spec::Plan plan{table.spec(),         false, {}, {}, NoSerde<NonNull<K>>(),
                           NoSerde<NonNull<V>>()};
  // The inner join has the left one's name, as in Kafka Streams.
  GraphNode& node = graph.add_processor(
      *stream.place().node, "KSTREAM-LEFTJOIN-", named,
      std::make_shared<Spec>(std::move(plan), false, std::move(selector), std::move(joiner)),
      {.value_changing = true});
  node.relaxes_null_keys = Kind == JoinKind::kLeft;
  return KStream<K, typename Spec::NodeType::Result>({&graph, &node}, stream.key_serde(), {});
}

/// The parts of a join of streams, without the nodes that keep its records.
template <class Types>
std::vector<JoinPart> stream_join_parts(const std::shared_ptr<const StreamJoinPlan<Types>>& plan,
                                        const StreamJoinNames& names) {
  using K = typename Types::K;
  using LeftSpec = StreamJoinPartSpec<StreamJoinNode<Types, true>, Types>;
  using RightSpec = StreamJoinPartSpec<StreamJoinNode<Types, false>, Types>;
  std::vector<StoreSpec> outer;
  std::vector<std::string> left_reads = {plan->right_store.name};
  std::vector<std::string> right_reads = {plan->left_store.name};
  std::shared_ptr<const ProcessorSpec> merge;
  if constexpr (Types::kKind == JoinKind::kInner) {
    merge = std::make_shared<PlainSpec<PassThroughNode<K, typename Types::Result>>>();
  } else {
    outer.push_back(plan->outer_store);
    right_reads.push_back(plan->outer_store.name);
    merge = std::make_shared<PlainSpec<JoinMergeNode<K, typename Types::Result>>>();
  }
  return {{names.this_join,
           std::make_shared<LeftSpec>(plan, std::move(outer), std::move(left_reads)),
           {names.this_window}},
          {names.other_join,
           std::make_shared<RightSpec>(plan, std::vector<StoreSpec>(), std::move(right_reads)),
           {names.other_window}},
          {names.merge, std::move(merge), {names.this_join, names.other_join}}};
}

/// What joins a stream with itself, if it can be.
template <class Types>
JoinPart self_join_part(const std::shared_ptr<const StreamJoinPlan<Types>>& plan,
                        const StreamJoinNames& names) {
  if constexpr (Types::kKind == JoinKind::kInner &&
                std::is_same_v<typename Types::VL, typename Types::VR>) {
    using Spec = StreamJoinPartSpec<SelfJoinNode<Types>, Types>;
    return {names.merge,
            std::make_shared<Spec>(plan, std::vector<StoreSpec>(),
                                   std::vector<std::string>{plan->left_store.name}),
            {names.this_window}};
  } else {
    return {};
  }
}

template <class Types>
std::shared_ptr<const StreamJoinPlan<Types>> stream_join_plan(
    const JoinWindows& windows, typename Types::F joiner, const StreamJoinNames& names,
    const StreamJoined<typename Types::K, typename Types::VL, typename Types::VR>& options,
    Serde<NonNull<typename Types::K>> key, Serde<NonNull<typename Types::VL>> left,
    Serde<NonNull<typename Types::VR>> right) {
  auto plan = std::make_shared<StreamJoinPlan<Types>>(StreamJoinPlan<Types>{
      windows, std::move(joiner), join_window_store(names.this_store, windows),
      join_window_store(names.other_store, windows), outer_join_store(names.outer_store),
      std::move(key), std::move(left), std::move(right)});
  for (StoreSpec* store : {&plan->left_store, &plan->right_store, &plan->outer_store}) {
    store->persistent = !options.in_memory;
    store->logging = options.logging;
    store->changelog_config = options.changelog_config;
  }
  return plan;
}

/// Put a join of streams into the graph, below the nodes that its records come from.
template <class Types>
GraphNode& add_stream_join(StreamGraph& graph, GraphNode& this_parent, GraphNode& other_parent,
                           const StreamJoinNames& names,
                           const std::shared_ptr<const StreamJoinPlan<Types>>& plan) {
  using K = typename Types::K;
  using ThisSpec = JoinWindowSpec<K, typename Types::VL>;
  using OtherSpec = JoinWindowSpec<K, typename Types::VR>;
  const auto add_window = [&](GraphNode& parent, const std::string& name,
                              std::shared_ptr<const ProcessorSpec> spec) -> GraphNode& {
    return graph.add(parent, std::make_unique<ProcessorGraphNode>(name, std::move(spec)));
  };
  GraphNode& this_window =
      add_window(this_parent, names.this_window,
                 std::make_shared<ThisSpec>(plan->left_store, plan->key_serde, plan->left_serde));
  GraphNode& other_window = add_window(
      other_parent, names.other_window,
      std::make_shared<OtherSpec>(plan->right_store, plan->key_serde, plan->right_serde));
  GraphNode& node = graph.add({&this_parent, &other_parent},
                              std::make_unique<StreamJoinGraphNode>(
                                  stream_join_parts<Types>(plan, names),
                                  self_join_part<Types>(plan, names), this_window, other_window));
  node.relaxes_null_keys = Types::kKind != JoinKind::kInner;
  node.value_changing = true;
  return node;
}

template <JoinKind Kind, class K, class V, class VO, class F>
auto join_streams(const KStream<K, V>& stream, const KStream<K, VO>& other, F joiner,
                  const JoinWindows& windows, const StreamJoined<K, V, VO>& options) {
  using Types = StreamJoinTypes<K, V, VO, F, Kind>;
  StreamGraph& graph = *stream.place().graph;
  const auto key = join_serde<K>(graph, true, "key", options.key_serde, stream.key_serde());
  const auto left = join_serde<V>(graph, true, "value", options.value_serde, stream.value_serde());
  const auto right =
      join_serde<VO>(graph, true, "other value", options.other_value_serde, other.value_serde());
  const auto topic = [&](const char* suffix) {
    return options.name.empty() ? std::string() : options.name + suffix;
  };
  GraphNode& this_parent =
      join_parent(stream.place(), topic("-left"), stream_repartition<K, V>(key, left));
  GraphNode& other_parent =
      join_parent(other.place(), topic("-right"), stream_repartition<K, VO>(key, right));
  copartition(graph, this_parent, other_parent);
  const StreamJoinNames names = stream_join_names(
      graph, options.name, options.store_name, Kind != JoinKind::kInner, Kind == JoinKind::kOuter);
  if (const char* fault = windows.fault()) graph.add_fault("join " + names.merge + ": " + fault);
  const auto plan =
      stream_join_plan<Types>(windows, std::move(joiner), names, options, key, left, right);
  GraphNode& node = add_stream_join<Types>(graph, this_parent, other_parent, names, plan);
  return KStream<K, typename Types::Result>({&graph, &node},
                                            inherit(options.key_serde, stream.key_serde()), {});
}

}  // namespace millstream::detail

namespace millstream {

template <class K, class V>
template <class VT, JoinerOf<K, V, VT, detail::JoinKind::kInner> F>
auto KStream<K, V>::join(const KTable<NonNull<K>, VT>& table, F joiner,
                         const Joined<K, V>& options) const {
  return detail::join_stream_with_table<detail::JoinKind::kInner>(*this, table, std::move(joiner),
                                                                  options);
}

template <class K, class V>
template <class VT, JoinerOf<K, V, VT, detail::JoinKind::kLeft> F>
auto KStream<K, V>::left_join(const KTable<NonNull<K>, VT>& table, F joiner,
                              const Joined<K, V>& options) const {
  return detail::join_stream_with_table<detail::JoinKind::kLeft>(*this, table, std::move(joiner),
                                                                 options);
}

template <class K, class V>
template <class KG, class VG, UserFunction<const K&, const V&> Select,
          JoinerOf<K, V, VG, detail::JoinKind::kInner> F>
auto KStream<K, V>::join(const GlobalKTable<KG, VG>& table, Select key_selector, F joiner,
                         const Named& named) const {
  return detail::join_stream_with_global<detail::JoinKind::kInner>(
      *this, table, std::move(key_selector), std::move(joiner), named);
}

template <class K, class V>
template <class KG, class VG, UserFunction<const K&, const V&> Select,
          JoinerOf<K, V, VG, detail::JoinKind::kLeft> F>
auto KStream<K, V>::left_join(const GlobalKTable<KG, VG>& table, Select key_selector, F joiner,
                              const Named& named) const {
  return detail::join_stream_with_global<detail::JoinKind::kLeft>(
      *this, table, std::move(key_selector), std::move(joiner), named);
}

template <class K, class V>
template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kInner> F>
auto KStream<K, V>::join(const KStream<K, VO>& other, F joiner, const JoinWindows& windows,
                         const std::type_identity_t<StreamJoined<K, V, VO>>& options) const {
  return detail::join_streams<detail::JoinKind::kInner>(*this, other, std::move(joiner), windows,
                                                        options);
}

template <class K, class V>
template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kLeft> F>
auto KStream<K, V>::left_join(const KStream<K, VO>& other, F joiner, const JoinWindows& windows,
                              const std::type_identity_t<StreamJoined<K, V, VO>>& options) const {
  return detail::join_streams<detail::JoinKind::kLeft>(*this, other, std::move(joiner), windows,
                                                       options);
}

template <class K, class V>
template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kOuter> F>
auto KStream<K, V>::outer_join(const KStream<K, VO>& other, F joiner, const JoinWindows& windows,
                               const std::type_identity_t<StreamJoined<K, V, VO>>& options) const {
  return detail::join_streams<detail::JoinKind::kOuter>(*this, other, std::move(joiner), windows,
                                                        options);
}

}  // namespace millstream
