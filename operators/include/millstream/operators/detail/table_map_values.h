#pragma once

#include <millstream/operators/detail/functions.h>
#include <millstream/operators/detail/table_operator.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace millstream::detail {

/// `mapper` of a value that may be missing; a missing result is a tombstone.
template <class VR, class F, class K, class V>
std::optional<VR> map_table_value(const F& mapper, const K& key, const V* value) {
  if (value == nullptr) return std::nullopt;
  return call_value_function(mapper, key, *value);
}

/// **Source**: KTableMapValues.
template <class K, class V, class F, class VR>
class TableMapValuesNode final : public TableOperatorNode<K, V, VR> {
 public:
  TableMapValuesNode(std::string name, const F& mapper, const StoredTable<K, VR>* table,
                     bool sends_old_values)
      : TableOperatorNode<K, V, VR>(std::move(name), table, sends_old_values), mapper_(mapper) {}

  void process(const Record<K, Change<V>>& record) override {
    const Change<V>& change = record.value();
    const auto new_value = map_table_value<VR>(mapper_, record.key(), change.new_value);
    if (this->is_kept()) {
      const auto kept = this->kept_old_value(record.key());
      return this->put_or_forward(record, {value_of(new_value), value_of(kept), change.is_latest});
    }
    std::optional<VR> old_value;
    if (this->sends_old_values()) {
      old_value = map_table_value<VR>(mapper_, record.key(), change.old_value);
    }
    this->put_or_forward(record, {value_of(new_value), value_of(old_value), change.is_latest});
  }

 private:
  const F& mapper_;
};

template <class K, class V, class F, class VR>
class TableMapValuesGetter final : public TableGetter<K, VR> {
 public:
  TableMapValuesGetter(const F& mapper, std::unique_ptr<TableGetter<K, V>> parent)
      : mapper_(mapper), parent_(std::move(parent)) {}

  void init(TaskContext& context) override { parent_->init(context); }
  [[nodiscard]] std::optional<ValueAndTimestamp<VR>> get(const K& key) override {
    return mapped(key, parent_->get(key));
  }
  [[nodiscard]] std::optional<ValueAndTimestamp<VR>> get_as_of(const K& key,
                                                               Timestamp time) override {
    return mapped(key, parent_->get_as_of(key, time));
  }

 private:
  std::optional<ValueAndTimestamp<VR>> mapped(
      const K& key, const std::optional<ValueAndTimestamp<V>>& row) const {
    auto value = map_table_value<VR>(mapper_, key, value_of(row));
    if (!value) return std::nullopt;
    return ValueAndTimestamp<VR>{*std::move(value), row->timestamp};
  }

  const F& mapper_;
  std::unique_ptr<TableGetter<K, V>> parent_;
};

template <class K, class V, class F, class VR>
class TableMapValuesSpec final : public TableOperatorSpec<K, V, VR> {
 public:
  TableMapValuesSpec(std::shared_ptr<TableSpec<K, V>> parent, F mapper,
                     std::optional<StoredTable<K, VR>> table)
      : TableOperatorSpec<K, V, VR>(std::move(parent), std::move(table)),
        mapper_(std::move(mapper)) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<TableMapValuesNode<K, V, F, VR>>(site.name, mapper_, this->table(),
                                                             this->sends_old_values());
  }

 protected:
  [[nodiscard]] std::unique_ptr<TableGetter<K, VR>> make_computing_getter(
      std::unique_ptr<TableGetter<K, V>> parent) const override {
    return std::make_unique<TableMapValuesGetter<K, V, F, VR>>(mapper_, std::move(parent));
  }

 private:
  F mapper_;
};

}  // namespace millstream::detail
