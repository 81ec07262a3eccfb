#pragma once

#include <millstream/operators/detail/operator_node.h>
#include <millstream/operators/detail/table_spec.h>
#include <millstream/operators/detail/table_store.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millstream::detail {

/// What the specifications of filter, mapValues and transformValues on tables have in common: they
/// are kept if a name was given, and computed from their parent otherwise.
template <class K, class VIn, class VOut>
class TableOperatorSpec : public TableSpec<K, VOut> {
 public:
  TableOperatorSpec(std::shared_ptr<TableSpec<K, VIn>> parent,
                    std::optional<StoredTable<K, VOut>> table)
      : parent_(std::move(parent)), table_(std::move(table)) {}

  [[nodiscard]] std::optional<EdgeType> input() const override {
    return EdgeType::of<K, Change<VIn>>();
  }
  [[nodiscard]] std::optional<EdgeType> output() const override {
    return EdgeType::of<K, Change<VOut>>();
  }
  [[nodiscard]] std::vector<StoreSpec> stores() const override {
    return table_ ? std::vector<StoreSpec>{table_->store} : std::vector<StoreSpec>{};
  }

  bool enable_sending_old_values(bool force_materialization) override {
    if (table_ || parent_->enable_sending_old_values(force_materialization)) {
      sends_old_values_ = true;
    }
    return sends_old_values_;
  }
  void enable_reads() override {
    if (!table_) parent_->enable_reads();
  }
  [[nodiscard]] std::unique_ptr<TableGetter<K, VOut>> make_getter() const override {
    if (table_) return std::make_unique<StoreGetter<K, VOut>>(*table_);
    return make_computing_getter(parent_->make_getter());
  }
  [[nodiscard]] std::vector<std::string> getter_stores() const override {
    return table_ ? std::vector<std::string>{table_->store.name} : parent_->getter_stores();
  }
  [[nodiscard]] std::optional<Duration> history() const override {
    return table_ ? table_->history() : parent_->history();
  }

 protected:
  /// A reader that computes rows from the parent's.
  [[nodiscard]] virtual std::unique_ptr<TableGetter<K, VOut>> make_computing_getter(
      std::unique_ptr<TableGetter<K, VIn>> parent) const = 0;
  [[nodiscard]] TableSpec<K, VIn>& parent() const { return *parent_; }
  [[nodiscard]] const StoredTable<K, VOut>* table() const { return table_ ? &*table_ : nullptr; }
  [[nodiscard]] bool sends_old_values() const { return sends_old_values_; }
  void set_sends_old_values() { sends_old_values_ = true; }

 private:
  std::shared_ptr<TableSpec<K, VIn>> parent_;
  std::optional<StoredTable<K, VOut>> table_;
  bool sends_old_values_ = false;
};

/// What their nodes have in common: a store if they are kept, and the choice of where a result
/// goes.
template <class K, class VIn, class VOut>
class TableOperatorNode : public OperatorNode<K, Change<VIn>, K, Change<VOut>> {
 public:
  TableOperatorNode(std::string name, const StoredTable<K, VOut>* table, bool sends_old_values)
      : OperatorNode<K, Change<VIn>, K, Change<VOut>>(std::move(name)),
        table_(table),
        sends_old_values_(sends_old_values) {}

  void init(TaskContext& context) override {
    OperatorNode<K, Change<VIn>, K, Change<VOut>>::init(context);
    if (table_ != nullptr) store_.emplace(context, *table_, this->outputs(), sends_old_values_);
  }
  void flush() override {
    if (store_) store_->flush();
  }
  void advance_stream_time(Timestamp) override { flush(); }

 protected:
  [[nodiscard]] bool sends_old_values() const { return sends_old_values_; }
  [[nodiscard]] bool is_kept() const { return store_.has_value(); }
  /// The row as it is kept, if old values are wanted.
  [[nodiscard]] std::optional<ValueAndTimestamp<VOut>> kept_old_value(const K& key) {
    if (!sends_old_values_) return std::nullopt;
    return store_->get(key);
  }
  /// Keep and tell, or only tell.
  void put_or_forward(const Record<K, Change<VIn>>& record, const Change<VOut>& change) {
    if (store_) {
      if (!store_->put_and_forward(record.with_value(change))) this->drop(DropReason::kExpired);
    } else {
      this->forward(record.with_value(change));
    }
  }

 private:
  const StoredTable<K, VOut>* table_;
  bool sends_old_values_;
  std::optional<TableStore<K, VOut>> store_;
};

}  // namespace millstream::detail
