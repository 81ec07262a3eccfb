#pragma once

#include <millstream/operators/detail/foreign_key_join.h>
#include <millstream/operators/detail/join_graph_node.h>
#include <millstream/operators/detail/joiner.h>
#include <millstream/operators/detail/table_join.h>
#include <millstream/operators/join_options.h>
#include <millstream/operators/ktable.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace millstream::detail {

template <JoinKind Kind, class K, class V, class VO, class F>
auto join_tables(
    const KTable<K, V>& table, const KTable<K, VO>& other, F joiner, const Named& named,
    const std::type_identity_t<
        std::optional<Materialized<K, NonNull<JoinResult<F, K, V, VO, Kind>>>>>& options) {
  using Types = TableJoinTypes<K, V, VO, F, Kind>;
  using VR = typename Types::Result;
  StreamGraph& graph = *table.place().graph;
  if (options && options->name.empty()) graph.new_store_name("KTABLE-MERGE-");
  const std::string merge = graph.name_or_new(named.name, "KTABLE-MERGE-");
  GraphNode& left = *table.place().node;
  GraphNode& right = *other.place().node;
  std::set<std::string> sources = copartition(graph, left, right);
  if (Kind != JoinKind::kInner) table.spec()->enable_sending_old_values(true);
  if (Kind == JoinKind::kOuter) other.spec()->enable_sending_old_values(true);
  table.spec()->enable_reads();
  other.spec()->enable_reads();
  auto plan = std::make_shared<TableJoinPlan<Types>>(
      TableJoinPlan<Types>{table.spec(), other.spec(), std::move(joiner)});
  const std::string this_side = graph.suffixed_or_new(named.name, "-join-this", "KTABLE-JOINTHIS-");
  const std::string other_side =
      graph.suffixed_or_new(named.name, "-join-other", "KTABLE-JOINOTHER-");
  auto spec = std::make_shared<TableJoinSpec<Types>>(plan, table.stored(options, Inherited<VR>()));
  std::vector<JoinPart> parts = {
      {this_side, std::make_shared<TableJoinSideSpec<Types, true>>(plan), {left.name()}},
      {other_side, std::make_shared<TableJoinSideSpec<Types, false>>(plan), {right.name()}},
      {merge, spec, {this_side, other_side}}};
  GraphNode& node = graph.add({&left, &right}, std::make_unique<JoinGraphNode>(std::move(parts)));
  node.sources = std::move(sources);
  return KTable<K, VR>({&graph, &node}, std::move(spec),
                       options ? inherit(options->key_serde, table.key_serde()) : table.key_serde(),
                       options ? inherit(options->value_serde) : std::nullopt);
}

}  // namespace millstream::detail

namespace millstream {

template <class K, class V>
template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kInner> F>
auto KTable<K, V>::join(const KTable<K, VO>& other, F joiner, const Named& named) const {
  return detail::join_tables<detail::JoinKind::kInner>(*this, other, std::move(joiner), named,
                                                       std::nullopt);
}
template <class K, class V>
template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kInner> F>
auto KTable<K, V>::join(const KTable<K, VO>& other, F joiner, const Named& named,
                        Materialized<K, JoinedRow<F, VO, detail::JoinKind::kInner>> options) const {
  return detail::join_tables<detail::JoinKind::kInner>(*this, other, std::move(joiner), named,
                                                       std::move(options));
}

template <class K, class V>
template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kLeft> F>
auto KTable<K, V>::left_join(const KTable<K, VO>& other, F joiner, const Named& named) const {
  return detail::join_tables<detail::JoinKind::kLeft>(*this, other, std::move(joiner), named,
                                                      std::nullopt);
}
template <class K, class V>
template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kLeft> F>
auto KTable<K, V>::left_join(
    const KTable<K, VO>& other, F joiner, const Named& named,
    Materialized<K, JoinedRow<F, VO, detail::JoinKind::kLeft>> options) const {
  return detail::join_tables<detail::JoinKind::kLeft>(*this, other, std::move(joiner), named,
                                                      std::move(options));
}

template <class K, class V>
template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kOuter> F>
auto KTable<K, V>::outer_join(const KTable<K, VO>& other, F joiner, const Named& named) const {
  return detail::join_tables<detail::JoinKind::kOuter>(*this, other, std::move(joiner), named,
                                                       std::nullopt);
}
template <class K, class V>
template <class VO, JoinerOf<K, V, VO, detail::JoinKind::kOuter> F>
auto KTable<K, V>::outer_join(
    const KTable<K, VO>& other, F joiner, const Named& named,
    Materialized<K, JoinedRow<F, VO, detail::JoinKind::kOuter>> options) const {
  return detail::join_tables<detail::JoinKind::kOuter>(*this, other, std::move(joiner), named,
                                                       std::move(options));
}

template <class K, class V>
template <class KF, class VF, class Extract, JoinerOf<K, V, VF, detail::JoinKind::kInner> F>
  requires ForeignKeyExtractor<Extract, K, V, KF>
auto KTable<K, V>::join(const KTable<KF, VF>& other, Extract extractor, F joiner,
                        const TableJoined& joined,
                        Materialized<K, JoinedRow<F, VF, detail::JoinKind::kInner>> options) const {
  return detail::join_by_foreign_key<detail::JoinKind::kInner>(*this, other, std::move(extractor),
                                                               std::move(joiner), joined, options);
}
template <class K, class V>
template <class KF, class VF, class Extract, JoinerOf<K, V, VF, detail::JoinKind::kLeft> F>
  requires ForeignKeyExtractor<Extract, K, V, KF>
auto KTable<K, V>::left_join(
    const KTable<KF, VF>& other, Extract extractor, F joiner, const TableJoined& joined,
    Materialized<K, JoinedRow<F, VF, detail::JoinKind::kLeft>> options) const {
  return detail::join_by_foreign_key<detail::JoinKind::kLeft>(*this, other, std::move(extractor),
                                                              std::move(joiner), joined, options);
}

}  // namespace millstream
