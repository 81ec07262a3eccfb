#pragma once

#include <millstream/operators/detail/table_operator.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace millstream::detail {

/// Keeps the rows of which the predicate says `Wanted`; others become tombstones, which are not
/// sent where the old value is known to have been none either. **Source**: KTableFilter.
template <class K, class V, class F, bool Wanted>
class TableFilterNode final : public TableOperatorNode<K, V, V> {
 public:
  /// `of_versions`: of a table that keeps versions, where needless tombstones are not known as
  /// such.
  TableFilterNode(std::string name, const F& predicate, const StoredTable<K, V>* table,
                  bool sends_old_values, bool of_versions)
      : TableOperatorNode<K, V, V>(std::move(name), table, sends_old_values),
        predicate_(predicate),
        of_versions_(of_versions) {}

  void process(const Record<K, Change<V>>& record) override {
    const V* new_value = passed(predicate_, record.key(), record.value().new_value);
    std::optional<ValueAndTimestamp<V>> kept;
    const V* old_value = nullptr;
    if (this->is_kept()) {
      kept = this->kept_old_value(record.key());
      old_value = value_of(kept);
    } else if (this->sends_old_values()) {
      old_value = passed(predicate_, record.key(), record.value().old_value);
    }
    if (!of_versions_ && this->sends_old_values() && old_value == nullptr && new_value == nullptr) {
      return;
    }
    this->put_or_forward(record, {new_value, old_value, record.value().is_latest});
  }

  /// The value if it passes, else null.
  static const V* passed(const F& predicate, const K& key, const V* value) {
    if (value == nullptr) return nullptr;
    return static_cast<bool>(predicate(key, *value)) == Wanted ? value : nullptr;
  }

 private:
  const F& predicate_;
  bool of_versions_;
};

template <class K, class V, class F, bool Wanted>
class TableFilterGetter final : public TableGetter<K, V> {
 public:
  TableFilterGetter(const F& predicate, std::unique_ptr<TableGetter<K, V>> parent)
      : predicate_(predicate), parent_(std::move(parent)) {}

  void init(TaskContext& context) override { parent_->init(context); }
  [[nodiscard]] std::optional<ValueAndTimestamp<V>> get(const K& key) override {
    return filtered(key, parent_->get(key));
  }
  [[nodiscard]] std::optional<ValueAndTimestamp<V>> get_as_of(const K& key,
                                                              Timestamp time) override {
    return filtered(key, parent_->get_as_of(key, time));
  }

 private:
  std::optional<ValueAndTimestamp<V>> filtered(const K& key,
                                               std::optional<ValueAndTimestamp<V>> row) const {
    using FilterNode = TableFilterNode<K, V, F, Wanted>;
    if (FilterNode::passed(predicate_, key, value_of(row)) == nullptr) row.reset();
    return row;
  }

  const F& predicate_;
  std::unique_ptr<TableGetter<K, V>> parent_;
};

template <class K, class V, class F, bool Wanted>
class TableFilterSpec final : public TableOperatorSpec<K, V, V> {
 public:
  TableFilterSpec(std::shared_ptr<TableSpec<K, V>> parent, F predicate,
                  std::optional<StoredTable<K, V>> table)
      : TableOperatorSpec<K, V, V>(std::move(parent), std::move(table)),
        predicate_(std::move(predicate)) {
    // Old values that are there anyway save needless tombstones.
    if (this->parent().enable_sending_old_values(false)) this->set_sends_old_values();
  }

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<TableFilterNode<K, V, F, Wanted>>(site.name, predicate_, this->table(),
                                                              this->sends_old_values(),
                                                              this->parent().history().has_value());
  }

 protected:
  [[nodiscard]] std::unique_ptr<TableGetter<K, V>> make_computing_getter(
      std::unique_ptr<TableGetter<K, V>> parent) const override {
    return std::make_unique<TableFilterGetter<K, V, F, Wanted>>(predicate_, std::move(parent));
  }

 private:
  F predicate_;
};

}  // namespace millstream::detail
