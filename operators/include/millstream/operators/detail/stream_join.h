#pragma once

#include <millstream/core/nullable.h>
#include <millstream/operators/detail/join_time.h>
#include <millstream/operators/detail/joiner.h>
#include <millstream/operators/detail/operator_node.h>
#include <millstream/operators/join_windows.h>
#include <millstream/state/window_store.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millstream::detail {

/// Two streams' types, and what joins them.
template <class K_, class VL_, class VR_, class F_, JoinKind Kind_>
struct StreamJoinTypes {
  using K = K_;
  using VL = VL_;
  using VR = VR_;
  using F = F_;
  static constexpr JoinKind kKind = Kind_;
  using Result = JoinResult<F, K, VL, VR, kKind>;
};

/// All that a join of streams is told. **Thread**: immutable, shared by all tasks.
template <class Types>
struct StreamJoinPlan {
  JoinWindows windows;
  typename Types::F joiner;
  StoreSpec left_store;
  StoreSpec right_store;
  /// Of records without a partner; not used by an inner join.
  StoreSpec outer_store;
  Serde<NonNull<typename Types::K>> key_serde;
  Serde<NonNull<typename Types::VL>> left_serde;
  Serde<NonNull<typename Types::VR>> right_serde;
};

/// Keeps the records of one side of a join, once they have been joined with the other side's.
/// **Source**: KStreamJoinWindow.
template <class K, class V>
class JoinWindowNode final : public OperatorNode<K, V, K, V> {
 public:
  JoinWindowNode(std::string name, const StoreSpec& store, const Serde<NonNull<K>>& key,
                 const Serde<NonNull<V>>& value)
      : OperatorNode<K, V, K, V>(std::move(name)), store_(store), key_(key), value_(value) {}

  void init(TaskContext& context) override {
    OperatorNode<K, V, K, V>::init(context);
    rows_.emplace(context.store(store_.name), context.store_spec(store_.name), key_, value_);
  }
  void prefetch(const ComingRecord& record) override {
    rows_->prefetch(record.key, record.timestamp, record.step);
    this->outputs().prefetch(record);
  }
  [[nodiscard]] bool prefetches() const override { return true; }
  void process(const Record<K, V>& record) override {
    this->forward(record);
    const auto* key = get_if_present(record.key());
    if (key == nullptr) return;
    if (const auto* value = get_if_present(record.value())) {
      rows_->put(*key, *value, record.timestamp());
    } else {
      rows_->erase(*key, record.timestamp());
    }
  }

 private:
  const StoreSpec& store_;
  const Serde<NonNull<K>>& key_;
  const Serde<NonNull<V>>& value_;
  std::optional<WindowStore<NonNull<K>, NonNull<V>>> rows_;
};

template <class K, class V>
class JoinWindowSpec final : public ProcessorSpec {
 public:
  JoinWindowSpec(StoreSpec store, Serde<NonNull<K>> key, Serde<NonNull<V>> value)
      : store_(std::move(store)), key_(std::move(key)), value_(std::move(value)) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<JoinWindowNode<K, V>>(site.name, store_, key_, value_);
  }
  [[nodiscard]] std::optional<EdgeType> input() const override { return EdgeType::of<K, V>(); }
  [[nodiscard]] std::optional<EdgeType> output() const override { return EdgeType::of<K, V>(); }
  [[nodiscard]] std::vector<StoreSpec> stores() const override { return {store_}; }

 private:
  StoreSpec store_;
  Serde<NonNull<K>> key_;
  Serde<NonNull<V>> value_;
};

/// A join's window, as one record sees it.
struct JoinSpan {
  JoinSpan(Timestamp time, const JoinWindows& windows)
      : from(std::max(time - windows.before(), Timestamp(0))),
        to(std::max(time + windows.after(), Timestamp(0))) {}
  Timestamp from;
  Timestamp to;
};

/// Joins a stream with itself, its records being kept once. **Source**: KStreamKStreamSelfJoin.
template <class Types>
class SelfJoinNode final : public OperatorNode<typename Types::K, typename Types::VL,
                                               typename Types::K, typename Types::Result> {
 public:
  using K = typename Types::K;
  using V = typename Types::VL;
  using Value = NonNull<V>;
  using Result = typename Types::Result;

  SelfJoinNode(std::string name, const StreamJoinPlan<Types>& plan)
      : OperatorNode<K, V, K, Result>(std::move(name)), plan_(plan) {}

  void init(TaskContext& context) override {
    OperatorNode<K, V, K, Result>::init(context);
    rows_.emplace(context.store(plan_.left_store.name), context.store_spec(plan_.left_store.name),
                  plan_.key_serde, plan_.left_serde);
  }

  void process(const Record<K, V>& record) override {
    const auto* key = get_if_present(record.key());
    const Value* value = get_if_present(record.value());
    if (key == nullptr) return this->drop(DropReason::kNullKey);
    if (value == nullptr) return this->drop(DropReason::kNullValue);
    const JoinSpan as_left(record.timestamp(), plan_.windows);
    auto rights = rows_->fetch(*key, as_left.from, as_left.to);
    while (const auto row = rights.next()) emit(record, *value, row->second, row->first);

    bool joined_with_itself = !keeps(record.timestamp());
    const JoinSpan as_right(record.timestamp(), plan_.windows.reversed());
    auto lefts = rows_->fetch(*key, as_right.from, as_right.to);
    while (const auto row = lefts.next()) {
      if (record.timestamp() < row->first && !joined_with_itself) {
        joined_with_itself = true;
        emit(record, *value, *value, record.timestamp());
      }
      emit(record, row->second, *value, row->first);
    }
    if (!joined_with_itself) emit(record, *value, *value, record.timestamp());
  }

 private:
  /// Whether a record of that time is within the retention; older ones don't find themselves.
  [[nodiscard]] bool keeps(Timestamp time) const {
    const Timestamp observed = std::max(time, rows_->observed_time());
    return time > observed - plan_.left_store.retention + Duration(1);
  }

  void emit(const Record<K, V>& record, const Value& left, const Value& right, Timestamp other) {
    const Result result =
        join_values<V, V, Types::kKind>(plan_.joiner, record.key(), &left, &right);
    this->forward({record.key(), result, std::max(record.timestamp(), other), record.headers()});
  }

  const StreamJoinPlan<Types>& plan_;
  std::optional<WindowStore<NonNull<K>, Value>> rows_;
};

/// The specification of a part of a join of streams. `NodeType` is made of (name, plan).
template <class NodeType, class Types>
class StreamJoinPartSpec final : public ProcessorSpec {
 public:
  StreamJoinPartSpec(std::shared_ptr<const StreamJoinPlan<Types>> plan,
                     std::vector<StoreSpec> own_stores, std::vector<std::string> connected_stores)
      : plan_(std::move(plan)),
        own_stores_(std::move(own_stores)),
        connected_stores_(std::move(connected_stores)) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<NodeType>(site.name, *plan_);
  }
  [[nodiscard]] std::optional<EdgeType> input() const override { return NodeType::input_type(); }
  [[nodiscard]] std::optional<EdgeType> output() const override { return NodeType::output_type(); }
  [[nodiscard]] std::vector<StoreSpec> stores() const override { return own_stores_; }
  [[nodiscard]] std::vector<std::string> connected_stores() const override {
    return connected_stores_;
  }

 private:
  std::shared_ptr<const StreamJoinPlan<Types>> plan_;
  std::vector<StoreSpec> own_stores_;
  std::vector<std::string> connected_stores_;
};

/// The store of one side's records, several of which may share key and time.
[[nodiscard]] StoreSpec join_window_store(std::string name, const JoinWindows& windows);
/// The store of records without a partner.
[[nodiscard]] StoreSpec outer_join_store(std::string name);

}  // namespace millstream::detail
