#pragma once

#include <millstream/core/nullable.h>
#include <millstream/operators/detail/functions.h>
#include <millstream/operators/detail/operator_node.h>
#include <millstream/operators/detail/table_spec.h>
#include <millstream/operators/detail/table_store.h>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millstream {

namespace detail {
template <class Init>
using InitialAggregate = Owned<std::invoke_result_t<const Init&>>;
}  // namespace detail

/// Makes the aggregate that a group begins with; an `std::optional` one may be null.
template <class F>
concept Initializer = UserFunction<F>;

/// Adds a value to the aggregate of a key: `(key, value, aggregate) -> aggregate`, the aggregate
/// given as an rvalue to be changed in place or replaced. An `std::optional` result may be null: it
/// deletes.
template <class F, class K, class V, class A>
concept Aggregator = UserFunction<F, const K&, const V&, A&&> &&
                     std::convertible_to<std::invoke_result_t<const F&, const K&, const V&, A&&>,
                                         std::optional<NonNull<A>>>;

/// Combines an aggregate and a value of the same type: `(aggregate, value) -> aggregate`. An
/// `std::optional` result may be null: it deletes.
template <class F, class A, class V>
concept Reducer =
    UserFunction<F, const A&, const V&> &&
    std::convertible_to<std::invoke_result_t<const F&, const A&, const V&>, std::optional<A>>;

namespace detail {

/// Call an aggregator with the aggregate as its initializer declared it: `A`, or an optional of it.
template <class A, class F, class K, class V>
std::optional<NonNull<A>> call_aggregator(const F& aggregator, const K& key, const V& value,
                                          std::optional<NonNull<A>> aggregate) {
  if constexpr (kIsNullable<A>) {
    return aggregator(key, value, std::move(aggregate));
  } else {
    return aggregator(key, value, *std::move(aggregate));
  }
}

/// The specification of an aggregation: a table that is always kept. `NodeType` is made of
/// (name, functions, stored table, sends old values). **Source**: KStreamAggProcessorSupplier.
template <class NodeType, class Functions>
class AggregationSpec final : public TableSpec<typename NodeType::Key, typename NodeType::Value> {
 public:
  using K = typename NodeType::Key;
  using V = typename NodeType::Value;

  AggregationSpec(Functions functions, StoredTable<K, V> table)
      : functions_(std::move(functions)), table_(std::move(table)) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<NodeType>(site.name, functions_, table_, sends_old_values_);
  }
  [[nodiscard]] std::optional<EdgeType> input() const override { return NodeType::input_type(); }
  [[nodiscard]] std::optional<EdgeType> output() const override { return NodeType::output_type(); }
  [[nodiscard]] std::vector<StoreSpec> stores() const override { return {table_.store}; }

  bool enable_sending_old_values(bool) override { return sends_old_values_ = true; }
  void enable_reads() override {}
  [[nodiscard]] std::unique_ptr<TableGetter<K, V>> make_getter() const override {
    return std::make_unique<StoreGetter<K, V>>(table_);
  }
  [[nodiscard]] std::vector<std::string> getter_stores() const override {
    return {table_.store.name};
  }
  [[nodiscard]] std::optional<Duration> history() const override { return table_.history(); }

 private:
  Functions functions_;
  StoredTable<K, V> table_;
  bool sends_old_values_ = false;
};

/// The node of an aggregation into rows by key. `KIn`, `VIn`: as they come in.
template <class KIn, class VIn, class K, class A>
class AggregationNode : public OperatorNode<KIn, VIn, K, Change<A>> {
 public:
  using Key = K;
  using Value = A;

  AggregationNode(std::string name, const StoredTable<K, A>& table, bool sends_old_values)
      : OperatorNode<KIn, VIn, K, Change<A>>(std::move(name)),
        table_(table),
        sends_old_values_(sends_old_values) {}

  void init(TaskContext& context) override {
    OperatorNode<KIn, VIn, K, Change<A>>::init(context);
    store_.emplace(context, table_, this->outputs(), sends_old_values_);
  }
  void flush() override { store_->flush(); }
  void advance_stream_time(Timestamp) override { store_->flush(); }
  void prefetch(const ComingRecord& record) override { store_->prefetch(record); }
  [[nodiscard]] bool prefetches() const override { return true; }

 protected:
  [[nodiscard]] std::optional<ValueAndTimestamp<A>> get(const K& key) { return store_->get(key); }
  /// Keep the new aggregate, which may be none, and tell the children. `exists`: whether there was
  /// a row.
  void update(const K& key, const std::optional<A>& aggregate, const std::optional<A>& old,
              Timestamp timestamp, Headers& headers, bool exists) {
    const Change<A> change{value_of(aggregate), value_of(old), true};
    if (!store_->put_and_forward({key, change, timestamp, headers}, exists)) {
      this->drop(DropReason::kExpired);
    }
  }
  /// The old aggregate to be sent, if it is: taken before the aggregate is given away.
  [[nodiscard]] std::optional<A> old_to_send(const std::optional<A>& aggregate) const {
    return sends_old_values_ ? aggregate : std::nullopt;
  }

 private:
  const StoredTable<K, A>& table_;
  bool sends_old_values_;
  std::optional<TableStore<K, A>> store_;
};

}  // namespace detail
}  // namespace millstream
