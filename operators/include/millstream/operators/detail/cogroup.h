#pragma once

#include <millstream/operators/detail/operator_node.h>
#include <millstream/operators/detail/repartition.h>
#include <millstream/operators/detail/stream_graph.h>
#include <millstream/operators/detail/table_spec.h>
#include <millstream/operators/detail/update_cache.h>
#include <millstream/operators/options.h>
#include <millstream/operators/type_fwd.h>
#include <millstream/state/detail/typed_bytes.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace millstream::detail {

/// A stream of a cogroup and how its values are added to the aggregate.
template <class K, class V, class Agg>
struct CogroupPart {
  KGroupedStream<K, V> grouped;
  Agg aggregator;
};

/// Another specification's nodes, on a store that the first of several brings along.
class SharedStoreSpec final : public ProcessorSpec {
 public:
  SharedStoreSpec(std::shared_ptr<const ProcessorSpec> spec, bool brings_store)
      : spec_(std::move(spec)), brings_store_(brings_store) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return spec_->make(site);
  }
  [[nodiscard]] std::optional<EdgeType> input() const override { return spec_->input(); }
  [[nodiscard]] std::optional<EdgeType> output() const override { return spec_->output(); }
  [[nodiscard]] std::vector<StoreSpec> stores() const override;
  [[nodiscard]] std::vector<std::string> connected_stores() const override;

 private:
  std::shared_ptr<const ProcessorSpec> spec_;
  bool brings_store_;
};

/// Brings the changes of a cogroup's aggregations together, and caches them for all: only here is
/// their order known. **Source**: KTablePassThrough.
template <class K, class V>
class CogroupMergeNode final : public OperatorNode<K, Change<V>, K, Change<V>> {
 public:
  using Base = OperatorNode<K, Change<V>, K, Change<V>>;
  using Outgoing = Record<K, Change<V>>;

  CogroupMergeNode(std::string name, const Serde<K>& key, bool caches, bool sends_old_values)
      : Base(std::move(name)), key_(key), caches_(caches), sends_old_values_(sends_old_values) {}

  void init(TaskContext& context) override {
    Base::init(context);
    cache_.emplace(context, caches_);
  }
  void process(const Outgoing& record) override {
    if (!cache_->enabled()) return tell(record);
    const std::string_view bytes = key_.write(record.key(), this->name());
    const auto place = cache_->place_of(bytes);
    KnownRow<V> known;
    if (record.value().old_value != nullptr && !place.taken()) {
      known = {true, *record.value().old_value};
    }
    cache_->update(place, bytes, record, std::move(known),
                   [this](const Outgoing& waiting) { tell(waiting); });
  }
  void flush() override {
    cache_->flush([this](const Outgoing& waiting) { tell(waiting); });
  }
  void advance_stream_time(Timestamp) override { flush(); }

 private:
  void tell(const Outgoing& record) const {
    if (sends_old_values_) return this->forward(record);
    const Change<V> new_only{record.value().new_value, nullptr, true};
    this->forward(record.with_value(new_only));
  }

  TypedBytes<K> key_;
  bool caches_;
  bool sends_old_values_;
  std::optional<UpdateCache<K, V>> cache_;
};

template <class K, class V>
class CogroupMergeSpec final : public TableSpec<K, V> {
 public:
  using Parts = std::vector<std::shared_ptr<TableSpec<K, V>>>;

  /// A cache has to know the old values.
  CogroupMergeSpec(Parts parts, Serde<K> key, bool caches)
      : parts_(std::move(parts)), key_(std::move(key)), caches_(caches) {
    if (caches_) ask_for_old_values();
  }

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<CogroupMergeNode<K, V>>(site.name, key_, caches_, sends_old_values_);
  }
  [[nodiscard]] std::optional<EdgeType> input() const override {
    return EdgeType::of<K, Change<V>>();
  }
  [[nodiscard]] std::optional<EdgeType> output() const override { return input(); }

  bool enable_sending_old_values(bool) override {
    ask_for_old_values();
    return sends_old_values_ = true;
  }
  void enable_reads() override {}
  [[nodiscard]] std::unique_ptr<TableGetter<K, V>> make_getter() const override {
    return parts_.front()->make_getter();
  }
  [[nodiscard]] std::vector<std::string> getter_stores() const override {
    return parts_.front()->getter_stores();
  }

 private:
  void ask_for_old_values() {
    for (const auto& part : parts_) part->enable_sending_old_values(true);
  }

  Parts parts_;
  Serde<K> key_;
  bool caches_;
  bool sends_old_values_ = false;
};

/// What a cogroup's table is, beside its parts.
template <class K, class V>
struct CogroupTable {
  std::string store;
  bool caching = true;
  Serde<K> key_serde;
  Inherited<V> value_serde;
  std::optional<Duration> closing_delay;
};

/// Puts the aggregations of a cogroup, and what merges them, into the graph; all untyped.
/// **Source**: CogroupedStreamAggregateBuilder.
class CogroupPlaces {
 public:
  CogroupPlaces(StreamGraph& graph, Named named) : graph_(graph), named_(std::move(named)) {}

  /// Below what the next aggregation goes; all are said before the first `add`.
  void add_parent(GraphNode& parent) { parents_.push_back(&parent); }
  void copartition() const;
  void add(std::shared_ptr<const ProcessorSpec> spec, std::optional<Duration> closing_delay);
  GraphNode& merge(std::shared_ptr<const ProcessorSpec> spec);

 private:
  StreamGraph& graph_;
  Named named_;
  std::vector<GraphNode*> parents_;
  std::vector<GraphNode*> nodes_;
};

/// Make a cogroup's table. `make_spec(part)` makes the specification of a part's aggregation.
template <class K, class V, class Parts, class MakeSpec>
KTable<K, V> make_cogroup(StreamGraph& graph, const Parts& parts, const Named& named,
                          const CogroupTable<K, V>& table, MakeSpec make_spec) {
  CogroupPlaces places(graph, named);
  typename CogroupMergeSpec<K, V>::Parts specs;
  const auto for_each_part = [&parts](auto visit) {
    std::apply([&visit](const auto&... part) { (visit(part), ...); }, parts);
  };
  for_each_part(
      [&](const auto& part) { places.add_parent(part.grouped.aggregation_parent(table.store)); });
  places.copartition();
  for_each_part([&](const auto& part) {
    specs.push_back(make_spec(part));
    places.add(specs.back(), table.closing_delay);
  });
  auto spec =
      std::make_shared<CogroupMergeSpec<K, V>>(std::move(specs), table.key_serde, table.caching);
  GraphNode& node = places.merge(spec);
  return {{&graph, &node}, std::move(spec), table.key_serde, table.value_serde};
}

}  // namespace millstream::detail
