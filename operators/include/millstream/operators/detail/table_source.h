#pragma once

#include <millstream/core/nullable.h>
#include <millstream/operators/detail/operator_node.h>
#include <millstream/operators/detail/table_spec.h>
#include <millstream/operators/detail/table_store.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millstream::detail {

/// Takes records as the changes of a table, and keeps the rows if asked to. Drops null keys; a null
/// value deletes. `K`, `V`: as declared, so either may be optional. **Source**: KTableSource.
template <class K, class V>
class TableSourceNode final : public OperatorNode<K, V, NonNull<K>, Change<NonNull<V>>> {
 public:
  using Key = NonNull<K>;
  using Value = NonNull<V>;

  /// `table` null: rows are not kept.
  TableSourceNode(std::string name, const StoredTable<Key, Value>* table, bool sends_old_values)
      : OperatorNode<K, V, Key, Change<Value>>(std::move(name)),
        table_(table),
        sends_old_values_(sends_old_values) {}

  void init(TaskContext& context) override {
    OperatorNode<K, V, Key, Change<Value>>::init(context);
    if (table_ != nullptr) store_.emplace(context, *table_, this->outputs(), sends_old_values_);
  }

  void process(const Record<K, V>& record) override {
    const Key* key = get_if_present(record.key());
    if (key == nullptr) return this->drop(DropReason::kNullKey);
    const Value* value = get_if_present(record.value());
    if (!store_) {
      const Change<Value> change{value, nullptr, true};
      return this->forward({*key, change, record.timestamp(), record.headers()});
    }
    std::optional<ValueAndTimestamp<Value>> old;
    if (sends_old_values_) old = store_->get(*key);
    const Change<Value> change{value, value_of(old), true};
    if (!store_->put_and_forward({*key, change, record.timestamp(), record.headers()})) {
      this->drop(DropReason::kExpired);
    }
  }

  void flush() override {
    if (store_) store_->flush();
  }
  void advance_stream_time(Timestamp) override { flush(); }
  void prefetch(const ComingRecord& record) override {
    if (store_) store_->prefetch(record);
  }
  [[nodiscard]] bool prefetches() const override { return store_.has_value(); }

 private:
  const StoredTable<Key, Value>* table_;
  bool sends_old_values_;
  std::optional<TableStore<Key, Value>> store_;
};

template <class K, class V>
class TableSourceSpec final : public TableSpec<NonNull<K>, NonNull<V>> {
 public:
  using Key = NonNull<K>;
  using Value = NonNull<V>;

  TableSourceSpec(StoreSpec store, Serde<Key> key, Serde<Value> value, bool materialized)
      : table_{std::move(store), std::move(key), std::move(value)}, materialized_(materialized) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<TableSourceNode<K, V>>(site.name, materialized_ ? &table_ : nullptr,
                                                   sends_old_values_);
  }
  [[nodiscard]] std::optional<EdgeType> input() const override { return EdgeType::of<K, V>(); }
  [[nodiscard]] std::optional<EdgeType> output() const override {
    return EdgeType::of<Key, Change<Value>>();
  }
  [[nodiscard]] std::vector<StoreSpec> stores() const override {
    return materialized_ ? std::vector<StoreSpec>{table_.store} : std::vector<StoreSpec>{};
  }

  bool enable_sending_old_values(bool force_materialization) override {
    if (!force_materialization && !materialized_) return false;
    materialized_ = true;
    sends_old_values_ = true;
    return true;
  }
  void enable_reads() override { materialized_ = true; }
  [[nodiscard]] std::unique_ptr<TableGetter<Key, Value>> make_getter() const override {
    return std::make_unique<StoreGetter<Key, Value>>(table_);
  }
  [[nodiscard]] std::vector<std::string> getter_stores() const override {
    return {table_.store.name};
  }
  [[nodiscard]] std::optional<Duration> history() const override { return table_.history(); }

  void reuse_source_topic(const std::string& topic) override {
    table_.store.changelog_topic = topic;
  }

 private:
  StoredTable<Key, Value> table_;
  bool materialized_;
  bool sends_old_values_ = false;
};

}  // namespace millstream::detail
