#pragma once

#include <millstream/operators/detail/table_operator.h>
#include <millstream/operators/value_transformer.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace millstream::detail {

/// **Source**: KTableTransformValues. `T`: the transformer's type.
template <class T>
class TableTransformValuesNode final
    : public TableOperatorNode<typename T::Key, typename T::Value, typename T::Result> {
 public:
  using K = typename T::Key;
  using V = typename T::Value;
  using VR = typename T::Result;
  using Base = TableOperatorNode<K, V, VR>;

  TableTransformValuesNode(const NodeSite& site, std::unique_ptr<T> transformer,
                           const StoredTable<K, VR>* table, bool sends_old_values)
      : Base(site.name, table, sends_old_values),
        site_(site),
        transformer_(std::move(transformer)) {}

  void init(TaskContext& context) override {
    Base::init(context);
    context_.emplace(context, site_);
    transformer_->init(*context_);
  }
  void process(const Record<K, Change<V>>& record) override {
    const Change<V>& change = record.value();
    const auto new_value = transformer_->transform(record.key(), change.new_value);
    if (this->is_kept()) {
      const auto kept = this->kept_old_value(record.key());
      return this->put_or_forward(record, {value_of(new_value), value_of(kept), change.is_latest});
    }
    std::optional<VR> old_value;
    if (this->sends_old_values()) {
      old_value = transformer_->transform(record.key(), change.old_value);
    }
    this->put_or_forward(record, {value_of(new_value), value_of(old_value), change.is_latest});
  }
  void close() override { transformer_->close(); }

 private:
  NodeSite site_;
  std::unique_ptr<T> transformer_;
  std::optional<ProcessorContextBase> context_;
};

template <class T>
class TableTransformValuesGetter final : public TableGetter<typename T::Key, typename T::Result> {
 public:
  using K = typename T::Key;
  using VR = typename T::Result;

  TableTransformValuesGetter(std::unique_ptr<T> transformer,
                             std::unique_ptr<TableGetter<K, typename T::Value>> parent,
                             NodeSite site)
      : transformer_(std::move(transformer)), parent_(std::move(parent)), site_(std::move(site)) {}

  void init(TaskContext& context) override {
    parent_->init(context);
    context_.emplace(context, site_);
    transformer_->init(*context_);
  }
  [[nodiscard]] std::optional<ValueAndTimestamp<VR>> get(const K& key) override {
    return transformed(key, parent_->get(key));
  }
  [[nodiscard]] std::optional<ValueAndTimestamp<VR>> get_as_of(const K& key,
                                                               Timestamp time) override {
    return transformed(key, parent_->get_as_of(key, time));
  }

 private:
  std::optional<ValueAndTimestamp<VR>> transformed(
      const K& key, const std::optional<ValueAndTimestamp<typename T::Value>>& row) {
    auto made = transformer_->transform(key, value_of(row));
    if (!made) return std::nullopt;
    return ValueAndTimestamp<VR>{*std::move(made), row ? row->timestamp : Timestamp::none()};
  }

  std::unique_ptr<T> transformer_;
  std::unique_ptr<TableGetter<K, typename T::Value>> parent_;
  NodeSite site_;
  std::optional<ProcessorContextBase> context_;
};

template <class Supplier, class T>
class TableTransformValuesSpec final
    : public TableOperatorSpec<typename T::Key, typename T::Value, typename T::Result> {
 public:
  using K = typename T::Key;
  using V = typename T::Value;
  using VR = typename T::Result;

  TableTransformValuesSpec(std::shared_ptr<TableSpec<K, V>> parent, Supplier supplier,
                           std::vector<std::string> state_stores,
                           std::optional<StoredTable<K, VR>> table)
      : TableOperatorSpec<K, V, VR>(std::move(parent), std::move(table)),
        supplier_(std::move(supplier)),
        state_stores_(std::move(state_stores)) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<TableTransformValuesNode<T>>(site, supplier_(), this->table(),
                                                         this->sends_old_values());
  }
  [[nodiscard]] std::vector<std::string> connected_stores() const override { return state_stores_; }

 protected:
  [[nodiscard]] std::unique_ptr<TableGetter<K, VR>> make_computing_getter(
      std::unique_ptr<TableGetter<K, V>> parent) const override {
    return std::make_unique<TableTransformValuesGetter<T>>(
        supplier_(), std::move(parent),
        NodeSite{"a reader of transform_values", state_stores_, {}});
  }

 private:
  Supplier supplier_;
  std::vector<std::string> state_stores_;
};

}  // namespace millstream::detail
