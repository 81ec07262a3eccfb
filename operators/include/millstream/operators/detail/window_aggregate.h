#pragma once

#include <millstream/core/nullable.h>
#include <millstream/operators/detail/aggregation_spec.h>
#include <millstream/operators/detail/operator_state.h>
#include <millstream/operators/detail/stream_aggregate.h>
#include <millstream/operators/detail/window_table.h>
#include <millstream/operators/windows.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millstream::detail {

/// Turns a reducer into an aggregator over values as declared: the first value is the aggregate.
/// **Source**: TimeWindowedKStreamImpl.aggregatorFromReducer.
template <class V, class F>
struct ReduceAggregator {
  F reducer;
  template <class K>
  std::optional<NonNull<V>> operator()(const K&, const V& value,
                                       std::optional<NonNull<V>> aggregate) const {
    if (!aggregate) return value;
    return reducer(*aggregate, value);
  }
};
template <class V>
struct NullInitializer {
  std::optional<NonNull<V>> operator()() const { return std::nullopt; }
};

/// Aggregates the records of each key and window. Drops null keys, and records for windows that are
/// closed; null values go to the aggregator. **Source**: KStreamWindowAggregate.
template <class K, class V, class W, class Functions>
class WindowAggregateNode final
    : public OperatorNode<K, V, Windowed<NonNull<K>>, Change<NonNull<typename Functions::A>>> {
 public:
  using Key = NonNull<K>;
  using A = typename Functions::A;
  using Value = NonNull<A>;
  using Base = OperatorNode<K, V, Windowed<Key>, Change<Value>>;

  WindowAggregateNode(std::string name, const W& windows, const Functions& functions,
                      const StoredTable<Key, Value>& table, bool sends_old_values)
      : Base(std::move(name)),
        windows_(windows),
        functions_(functions),
        table_(table),
        sends_old_values_(sends_old_values) {}

  void init(TaskContext& context) override {
    Base::init(context);
    store_.emplace(context, table_, this->outputs(), sends_old_values_);
    context.register_operator_state(this->name(), stream_time_);
  }

  void process(const Record<K, V>& record) override {
    const Key* key = get_if_present(record.key());
    if (key == nullptr) return this->drop(DropReason::kNullKey);
    stream_time_.observe(record.timestamp());
    const Timestamp closed = stream_time_.value() - windows_.grace();
    windows_.for_each_window(record.timestamp(), [&](const Window& window) {
      if (window.end > closed) {
        aggregate(*key, window, record);
      } else {
        this->drop(DropReason::kLate);
      }
    });
  }
  void flush() override { store_->flush(); }
  void advance_stream_time(Timestamp time) override { stream_time_.observe(time); }

 private:
  void aggregate(const Key& key, const Window& window, const Record<K, V>& record) {
    auto row = store_->get(key, window.start);
    std::optional<Value> current;
    Timestamp timestamp = record.timestamp();
    if (row) {
      timestamp = std::max(timestamp, row->timestamp);
      current = std::move(row->value);
    } else {
      current = functions_.initializer();
    }
    std::optional<Value> old;
    if (sends_old_values_) old = current;
    const auto updated =
        call_aggregator<A>(functions_.aggregator, key, record.value(), std::move(current));
    windowed_.key = key;  // a copy into kept memory
    windowed_.window = window;
    const Change<Value> change{value_of(updated), value_of(old), true};
    store_->put_and_forward({windowed_, change, timestamp, record.headers()});
  }

  const W& windows_;
  const Functions& functions_;
  const StoredTable<Key, Value>& table_;
  bool sends_old_values_;
  std::optional<WindowTableStore<Key, Value>> store_;
  ObservedStreamTime stream_time_;
  Windowed<Key> windowed_;
};

/// The specification of a time-windowed aggregation. `NodeType` is made of (name, windows,
/// functions, stored table, sends old values).
template <class NodeType, class W, class Functions>
class WindowAggregationSpec final
    : public TableSpec<Windowed<typename NodeType::Key>, typename NodeType::Value> {
 public:
  using K = typename NodeType::Key;
  using V = typename NodeType::Value;

  WindowAggregationSpec(W windows, Functions functions, StoredTable<K, V> table)
      : windows_(std::move(windows)), functions_(std::move(functions)), table_(std::move(table)) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<NodeType>(site.name, windows_, functions_, table_, sends_old_values_);
  }
  [[nodiscard]] std::optional<EdgeType> input() const override { return NodeType::input_type(); }
  [[nodiscard]] std::optional<EdgeType> output() const override { return NodeType::output_type(); }
  [[nodiscard]] std::vector<StoreSpec> stores() const override { return {table_.store}; }

  bool enable_sending_old_values(bool) override { return sends_old_values_ = true; }
  void enable_reads() override {}
  [[nodiscard]] std::unique_ptr<TableGetter<Windowed<K>, V>> make_getter() const override {
    return std::make_unique<WindowTableGetter<K, V>>(table_);
  }
  [[nodiscard]] std::vector<std::string> getter_stores() const override {
    return {table_.store.name};
  }

 private:
  W windows_;
  Functions functions_;
  StoredTable<K, V> table_;
  bool sends_old_values_ = false;
};

}  // namespace millstream::detail
