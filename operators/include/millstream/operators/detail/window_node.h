#pragma once

#include <millstream/core/nullable.h>
#include <millstream/operators/detail/aggregation_spec.h>
#include <millstream/operators/detail/operator_node.h>
#include <millstream/operators/detail/window_table.h>
#include <millstream/operators/detail/window_times.h>
#include <millstream/operators/windows.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millstream::detail {

/// What aggregations over windows of a known size have in common: rows by key and window start, a
/// stream time of their own, and emission with each update or when windows close.
/// **Source**: AbstractKStreamTimeWindowAggregateProcessor; closed windows are also found where
/// stream time jumps beyond the retention, where Kafka Streams loses them.
template <class K, class V, class Functions>
class WindowNode
    : public OperatorNode<K, V, Windowed<NonNull<K>>, Change<NonNull<typename Functions::A>>> {
 public:
  using Key = NonNull<K>;
  using A = typename Functions::A;
  using Value = NonNull<A>;
  using Base = OperatorNode<K, V, Windowed<Key>, Change<Value>>;

  WindowNode(std::string name, const Functions& functions, const StoredTable<Key, Value>& table,
             bool sends_old_values, EmitStrategy emit)
      : Base(std::move(name)),
        functions_(functions),
        table_(table),
        sends_old_values_(sends_old_values),
        emit_(emit) {}

  void init(TaskContext& context) override {
    Base::init(context);
    store_.emplace(context, table_, this->outputs(), sends_old_values_);
    context.register_operator_state(this->name(), times_);
  }
  void flush() override {
    store_->flush();
    emit_closed();
  }
  void advance_stream_time(Timestamp time) override {
    store_->flush();
    times_.observe(time);
    emit_closed();
  }

 protected:
  using Row = ValueAndTimestamp<Value>;

  /// The greatest start of a window that is closed at this stream time.
  [[nodiscard]] virtual Timestamp last_closed_start(Timestamp stream_time) const = 0;

  [[nodiscard]] WindowTimes& times() { return times_; }
  [[nodiscard]] WindowTableStore<Key, Value>& store() { return *store_; }
  [[nodiscard]] const Functions& functions() const { return functions_; }

  /// Add the record to a window's aggregate, `row`, or to a new one where there is none. `exists`:
  /// whether the store has a row of the window.
  void aggregate(const Key& key, const Window& window, std::optional<Row> row, bool exists,
                 const Record<K, V>& record) {
    std::optional<Value> old;
    if (sends_old_values_ && row) old = row->value;
    std::optional<Value> current;
    Timestamp timestamp = record.timestamp();
    if (row) {
      timestamp = std::max(timestamp, row->timestamp);
      current = std::move(row->value);
    } else {
      current = functions_.initializer();
    }
    const auto updated =
        call_aggregator<A>(functions_.aggregator, key, record.value(), std::move(current));
    put(key, window, {value_of(updated), value_of(old), true}, timestamp, record.headers(), exists);
  }
  /// Keep a window's value, and tell the children if they are told of updates. `exists`: whether
  /// it has one already.
  void put(const Key& key, const Window& window, const Change<Value>& change, Timestamp timestamp,
           Headers& headers, bool exists) {
    if (emit_ == EmitStrategy::kOnWindowClose) {
      return store_->put(key, window.start, change.new_value, timestamp);
    }
    windowed_.key = key;  // a copy into kept memory
    windowed_.window = window;
    store_->put_and_forward({windowed_, change, timestamp, headers}, exists);
  }
  /// Tell the children of windows that closed since the last emission, if they are told then.
  void emit_closed(Headers& headers) {
    if (emit_ != EmitStrategy::kOnWindowClose) return;
    const Timestamp last = last_closed_start(times_.observed());
    if (!last.is_valid() || last <= times_.emitted()) return;
    store_->forward_rows(times_.emitted() + Duration(1), last, headers);
    times_.set_emitted(last);
  }

 private:
  void emit_closed() {
    Headers none;
    emit_closed(none);
  }

  const Functions& functions_;
  const StoredTable<Key, Value>& table_;
  bool sends_old_values_;
  EmitStrategy emit_;
  std::optional<WindowTableStore<Key, Value>> store_;
  WindowTimes times_;
  Windowed<Key> windowed_;
};

/// The specification of an aggregation over windows. `NodeType` is made of (name, windows,
/// functions, stored table, sends old values, emit strategy); `Getter` reads its rows.
template <class NodeType, class Getter, class W, class Functions>
class WindowAggregationSpec final
    : public TableSpec<Windowed<typename NodeType::Key>, typename NodeType::Value> {
 public:
  using K = typename NodeType::Key;
  using V = typename NodeType::Value;

  WindowAggregationSpec(W windows, Functions functions, StoredTable<K, V> table, EmitStrategy emit)
      : windows_(std::move(windows)),
        functions_(std::move(functions)),
        table_(std::move(table)),
        emit_(emit) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<NodeType>(site.name, windows_, functions_, table_, sends_old_values_,
                                      emit_);
  }
  [[nodiscard]] std::optional<EdgeType> input() const override { return NodeType::input_type(); }
  [[nodiscard]] std::optional<EdgeType> output() const override { return NodeType::output_type(); }
  [[nodiscard]] std::vector<StoreSpec> stores() const override { return {table_.store}; }

  bool enable_sending_old_values(bool) override { return sends_old_values_ = true; }
  void enable_reads() override {}
  [[nodiscard]] std::unique_ptr<TableGetter<Windowed<K>, V>> make_getter() const override {
    return std::make_unique<Getter>(table_);
  }
  [[nodiscard]] std::vector<std::string> getter_stores() const override {
    return {table_.store.name};
  }

 private:
  W windows_;
  Functions functions_;
  StoredTable<K, V> table_;
  EmitStrategy emit_;
  bool sends_old_values_ = false;
};

}  // namespace millstream::detail
