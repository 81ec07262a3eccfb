#pragma once

#include <millstream/operators/detail/joiner.h>
#include <millstream/operators/detail/operator_node.h>
#include <millstream/operators/detail/table_operator.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace millstream::detail {

/// Two tables' types, and what joins their rows.
template <class K_, class VL_, class VR_, class F_, JoinKind Kind_>
struct TableJoinTypes {
  using K = K_;
  using VL = VL_;
  using VR = VR_;
  using F = F_;
  static constexpr JoinKind kKind = Kind_;
  /// As the joiner declares it; a missing one is a tombstone.
  using Joined = JoinResult<F, K, VL, VR, kKind>;
  using Result = NonNull<Joined>;
};

/// The rows of a join and what it is made of, shared by its parts.
template <class Types>
struct TableJoinPlan {
  std::shared_ptr<TableSpec<typename Types::K, typename Types::VL>> left;
  std::shared_ptr<TableSpec<typename Types::K, typename Types::VR>> right;
  typename Types::F joiner;
  bool sends_old_values = false;

  /// The row of two values, null being none; nothing where the join has none.
  [[nodiscard]] std::optional<typename Types::Result> join(const typename Types::K& key,
                                                           const typename Types::VL* l,
                                                           const typename Types::VR* r) const {
    constexpr JoinKind kKind = Types::kKind;
    if (kKind != JoinKind::kOuter && l == nullptr) return std::nullopt;
    if (kKind == JoinKind::kInner && r == nullptr) return std::nullopt;
    if (l == nullptr && r == nullptr) return std::nullopt;
    return join_values<typename Types::VL, typename Types::VR, kKind>(joiner, key, l, r);
  }
};

template <class V>
Timestamp time_of(const std::optional<ValueAndTimestamp<V>>& row) {
  return row ? row->timestamp : Timestamp::none();
}

/// Joins the changes of one table with the rows of the other. Out-of-order updates of versioned
/// tables don't count. **Source**: KTableKTableInnerJoin, -LeftJoin, -RightJoin, -OuterJoin.
template <class Types, bool IsLeft>
class TableJoinNode final
    : public OperatorNode<
          typename Types::K,
          Change<std::conditional_t<IsLeft, typename Types::VL, typename Types::VR>>,
          typename Types::K, Change<typename Types::Result>> {
 public:
  using K = typename Types::K;
  using V = std::conditional_t<IsLeft, typename Types::VL, typename Types::VR>;
  using Other = std::conditional_t<IsLeft, typename Types::VR, typename Types::VL>;
  using Result = typename Types::Result;
  using Base = OperatorNode<K, Change<V>, K, Change<Result>>;

  TableJoinNode(std::string name, const TableJoinPlan<Types>& plan)
      : Base(std::move(name)), plan_(plan) {
    if constexpr (IsLeft) {
      others_ = plan.right->make_getter();
    } else {
      others_ = plan.left->make_getter();
    }
  }

  void init(TaskContext& context) override {
    Base::init(context);
    others_->init(context);
  }

  void process(const Record<K, Change<V>>& record) override {
    const Change<V>& change = record.value();
    if (!change.is_latest) return this->drop(DropReason::kLate);
    const auto other = others_->get(record.key());
    if (!other && (kNeedsOther || (change.new_value == nullptr && change.old_value == nullptr))) {
      return;
    }
    const auto new_result = join(record.key(), change.new_value, value_of(other));
    std::optional<Result> old_result;
    if (plan_.sends_old_values) {
      old_result = join(record.key(), change.old_value, value_of(other));
    }
    const Change<Result> result{value_of(new_result), value_of(old_result), true};
    this->forward(
        {record.key(), result, std::max(record.timestamp(), time_of(other)), record.headers()});
  }

 private:
  /// Nothing comes of a change without a row on the other side, not even a tombstone.
  static constexpr bool kNeedsOther =
      Types::kKind == JoinKind::kInner || (Types::kKind == JoinKind::kLeft && !IsLeft);

  std::optional<Result> join(const K& key, const V* value, const Other* other) const {
    if constexpr (IsLeft) {
      return plan_.join(key, value, other);
    } else {
      return plan_.join(key, other, value);
    }
  }

  const TableJoinPlan<Types>& plan_;
  std::unique_ptr<TableGetter<K, Other>> others_;
};

template <class Types, bool IsLeft>
class TableJoinSideSpec final : public ProcessorSpec {
 public:
  using NodeType = TableJoinNode<Types, IsLeft>;
  explicit TableJoinSideSpec(std::shared_ptr<const TableJoinPlan<Types>> plan)
      : plan_(std::move(plan)) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<NodeType>(site.name, *plan_);
  }
  [[nodiscard]] std::optional<EdgeType> input() const override { return NodeType::input_type(); }
  [[nodiscard]] std::optional<EdgeType> output() const override { return NodeType::output_type(); }
  [[nodiscard]] std::vector<std::string> connected_stores() const override {
    return IsLeft ? plan_->right->getter_stores() : plan_->left->getter_stores();
  }

 private:
  std::shared_ptr<const TableJoinPlan<Types>> plan_;
};

/// Computes the rows of a join from those of its tables.
template <class Types>
class TableJoinGetter final : public TableGetter<typename Types::K, typename Types::Result> {
 public:
  using K = typename Types::K;
  using Result = typename Types::Result;

  explicit TableJoinGetter(const TableJoinPlan<Types>& plan)
      : plan_(plan), lefts_(plan.left->make_getter()), rights_(plan.right->make_getter()) {}

  void init(TaskContext& context) override {
    lefts_->init(context);
    rights_->init(context);
  }
  [[nodiscard]] std::optional<ValueAndTimestamp<Result>> get(const K& key) override {
    const auto left = lefts_->get(key);
    const auto right = rights_->get(key);
    auto result = plan_.join(key, value_of(left), value_of(right));
    if (!result) return std::nullopt;
    return ValueAndTimestamp<Result>{*std::move(result), std::max(time_of(left), time_of(right))};
  }

 private:
  const TableJoinPlan<Types>& plan_;
  std::unique_ptr<TableGetter<K, typename Types::VL>> lefts_;
  std::unique_ptr<TableGetter<K, typename Types::VR>> rights_;
};

/// Puts the results of both sides together, and keeps them if asked to. **Source**:
/// KTableKTableJoinMerger.
template <class K, class V>
class TableJoinMergeNode final : public TableOperatorNode<K, V, V> {
 public:
  using TableOperatorNode<K, V, V>::TableOperatorNode;
  void process(const Record<K, Change<V>>& record) override {
    const Change<V>& change = record.value();
    if (!this->is_kept()) return this->put_or_forward(record, change);
    const auto kept = this->kept_old_value(record.key());
    this->put_or_forward(record, {change.new_value, value_of(kept), true});
  }
};

/// The table that a join of tables makes.
template <class Types>
class TableJoinSpec final : public TableSpec<typename Types::K, typename Types::Result> {
 public:
  using K = typename Types::K;
  using Result = typename Types::Result;

  TableJoinSpec(std::shared_ptr<TableJoinPlan<Types>> plan,
                std::optional<StoredTable<K, Result>> table)
      : plan_(std::move(plan)), table_(std::move(table)) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<TableJoinMergeNode<K, Result>>(site.name, table_ ? &*table_ : nullptr,
                                                           sends_old_values_);
  }
  [[nodiscard]] std::optional<EdgeType> input() const override {
    return EdgeType::of<K, Change<Result>>();
  }
  [[nodiscard]] std::optional<EdgeType> output() const override {
    return EdgeType::of<K, Change<Result>>();
  }
  [[nodiscard]] std::vector<StoreSpec> stores() const override {
    return table_ ? std::vector<StoreSpec>{table_->store} : std::vector<StoreSpec>{};
  }

  bool enable_sending_old_values(bool force_materialization) override {
    if (table_) return sends_old_values_ = true;
    if (!plan_->left->enable_sending_old_values(force_materialization) ||
        !plan_->right->enable_sending_old_values(force_materialization)) {
      return false;
    }
    return plan_->sends_old_values = sends_old_values_ = true;
  }
  void enable_reads() override {
    if (table_) return;
    plan_->left->enable_reads();
    plan_->right->enable_reads();
  }
  [[nodiscard]] std::unique_ptr<TableGetter<K, Result>> make_getter() const override {
    if (table_) return std::make_unique<StoreGetter<K, Result>>(*table_);
    return std::make_unique<TableJoinGetter<Types>>(*plan_);
  }
  [[nodiscard]] std::vector<std::string> getter_stores() const override {
    if (table_) return {table_->store.name};
    std::vector<std::string> stores = plan_->left->getter_stores();
    for (std::string& store : plan_->right->getter_stores()) stores.push_back(std::move(store));
    return stores;
  }
  /// A join isn't versioned, unless it's kept so.
  [[nodiscard]] std::optional<Duration> history() const override {
    return table_ ? table_->history() : std::nullopt;
  }

 private:
  std::shared_ptr<TableJoinPlan<Types>> plan_;
  std::optional<StoredTable<K, Result>> table_;
  bool sends_old_values_ = false;
};

}  // namespace millstream::detail
