#pragma once

#include <millstream/core/nullable.h>
#include <millstream/operators/detail/functions.h>
#include <millstream/operators/detail/joiner.h>
#include <millstream/operators/detail/operator_node.h>
#include <millstream/operators/detail/subscription.h>
#include <millstream/operators/detail/table_spec.h>
#include <millstream/operators/detail/table_store.h>
#include <millstream/state/detail/typed_bytes.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millstream::detail {

/// The types of a foreign-key join: rows `K`, `V` name rows `KF`, `VF` of another table.
template <class K_, class V_, class KF_, class VF_, class Extract_, class F_, JoinKind Kind_>
struct ForeignJoinTypes {
  using K = K_;
  using V = V_;
  using KF = KF_;
  using VF = VF_;
  using Extract = Extract_;
  using F = F_;
  static constexpr JoinKind kKind = Kind_;
  static constexpr bool kIsLeft = kKind == JoinKind::kLeft;
  using Joined = JoinResult<F, K, V, VF, kKind>;
  using Result = NonNull<Joined>;
};

/// All that a foreign-key join is told. **Thread**: immutable, shared by all tasks.
template <class Types>
struct ForeignJoinPlan {
  std::shared_ptr<const TableSpec<typename Types::K, typename Types::V>> left;
  std::shared_ptr<const TableSpec<typename Types::KF, typename Types::VF>> right;
  typename Types::Extract extractor;
  typename Types::F joiner;
  Serde<typename Types::K> key_serde;
  Serde<typename Types::V> value_serde;
  Serde<typename Types::KF> foreign_key_serde;
  Serde<typename Types::VF> foreign_value_serde;
  /// Subscriptions by foreign key and left-hand key.
  StoreSpec store;
};

/// The bytes of a left-hand value, hashed.
template <class V>
RowHash hash_value(const V& value, TypedBytes<V>& bytes, const std::string& node) {
  return hash_row(bytes.write(value, node));
}

/// Tells the right-hand side which foreign row a left-hand row is to be joined with.
/// **Source**: SubscriptionSendProcessorSupplier.
template <class Types>
class SubscriptionSendNode final
    : public OperatorNode<typename Types::K, Change<typename Types::V>,
                          std::optional<typename Types::KF>, Subscription<typename Types::K>> {
 public:
  using K = typename Types::K;
  using V = typename Types::V;
  using ForeignKey = std::optional<typename Types::KF>;
  using Base = OperatorNode<K, Change<V>, ForeignKey, Subscription<K>>;
  using Order = SubscriptionOrder;

  SubscriptionSendNode(std::string name, const ForeignJoinPlan<Types>& plan)
      : Base(std::move(name)),
        plan_(plan),
        values_(plan.value_serde),
        foreign_keys_(plan.foreign_key_serde) {}

  void process(const Record<K, Change<V>>& record) override {
    const Change<V>& change = record.value();
    if (!change.is_latest) return this->drop(DropReason::kLate);
    const ForeignKey old_key = foreign_key(record.key(), change.old_value);
    const ForeignKey new_key = foreign_key(record.key(), change.new_value);
    if constexpr (Types::kIsLeft) {
      if (change.old_value == nullptr && change.new_value == nullptr) return;
      if (old_key && !same(old_key, new_key)) send(record, old_key, Order::kDeleteSilently);
      send(record, new_key, Order::kTellEvenIfNone);
    } else {
      if (change.new_value != nullptr && !new_key) this->drop(DropReason::kNullJoinKey);
      if (new_key) return subscribe(record, old_key, new_key);
      if (old_key) send(record, old_key, Order::kDeleteAndTell);
    }
  }

 private:
  [[nodiscard]] ForeignKey foreign_key(const K& key, const V* value) const {
    if (value == nullptr) return std::nullopt;
    return call_value_function(plan_.extractor, key, *value);
  }

  /// Keys are the same if their bytes are.
  bool same(const ForeignKey& a, const ForeignKey& b) {
    if (!a || !b) return false;
    const std::string first(foreign_keys_.write(*a, this->name()));
    return first == foreign_keys_.write(*b, this->name());
  }

  void subscribe(const Record<K, Change<V>>& record, const ForeignKey& old_key,
                 const ForeignKey& new_key) {
    const bool changed = old_key && !same(old_key, new_key);
    if (changed) send(record, old_key, Order::kDeleteSilently);
    send(record, new_key, changed ? Order::kTellEvenIfNone : Order::kTellIfAny);
  }

  void send(const Record<K, Change<V>>& record, const ForeignKey& key, Order order) {
    Subscription<K> subscription{std::nullopt, order, record.key(),
                                 this->context().task_id().partition};
    if (const V* value = record.value().new_value) {
      subscription.hash = hash_value(*value, values_, this->name());
    }
    this->forward({key, subscription, record.timestamp(), record.headers()});
  }

  const ForeignJoinPlan<Types>& plan_;
  TypedBytes<V> values_;
  TypedBytes<typename Types::KF> foreign_keys_;
};

/// The kept subscriptions, by the bytes of the foreign key's length, foreign key and left-hand key.
template <class Types>
class SubscriptionStore {
 public:
  using K = typename Types::K;
  using KF = typename Types::KF;

  explicit SubscriptionStore(const ForeignJoinPlan<Types>& plan)
      : plan_(plan),
        keys_(plan.key_serde),
        foreign_keys_(plan.foreign_key_serde),
        rows_(Serde<Subscription<K>>(SubscriptionSerde<K>{plan.key_serde})) {}

  void init(TaskContext& context) { bytes_ = &context.store(plan_.store.name); }

  void put(const KF& foreign, const Subscription<K>& subscription, Timestamp time) {
    bytes_->put(row_key(foreign, subscription.key), rows_.write(subscription, time, name()));
  }
  void erase(const KF& foreign, const K& key) { bytes_->erase(row_key(foreign, key)); }

  /// Call `visit(subscription)` for all of a foreign key, by the bytes of the left-hand keys.
  template <class Visit>
  void for_each(const KF& foreign, Visit visit) {
    const std::string from = prefix(foreign);
    RowCursor rows(bytes_->scan(from, end_of_prefix(from), Direction::kForward));
    while (rows.next()) visit(rows_.read(rows.value(), name()).value);
  }

 private:
  [[nodiscard]] const std::string& name() const { return plan_.store.name; }
  std::string prefix(const KF& foreign) {
    const std::string_view bytes = foreign_keys_.write(foreign, name());
    std::string out;
    append_big_endian(out, static_cast<std::uint32_t>(bytes.size()));
    out.append(bytes);
    return out;
  }
  std::string row_key(const KF& foreign, const K& key) {
    std::string row = prefix(foreign);
    keys_.append(key, row, name());
    return row;
  }

  const ForeignJoinPlan<Types>& plan_;
  ByteStore* bytes_ = nullptr;
  TypedBytes<K> keys_;
  TypedBytes<KF> foreign_keys_;
  TimestampedValues<Subscription<K>> rows_;
};

/// Keeps subscriptions beside the right-hand table. **Source**:
/// SubscriptionReceiveProcessorSupplier.
template <class Types>
class SubscriptionReceiveNode final
    : public OperatorNode<std::optional<typename Types::KF>, Subscription<typename Types::K>,
                          CombinedKey<typename Types::KF, typename Types::K>,
                          Subscription<typename Types::K>> {
 public:
  using K = typename Types::K;
  using KF = typename Types::KF;
  using Combined = CombinedKey<KF, K>;
  using Base = OperatorNode<std::optional<KF>, Subscription<K>, Combined, Subscription<K>>;
  using Order = SubscriptionOrder;

  SubscriptionReceiveNode(std::string name, const ForeignJoinPlan<Types>& plan)
      : Base(std::move(name)), store_(plan) {}
  void init(TaskContext& context) override {
    Base::init(context);
    store_.init(context);
  }
  void process(const Record<std::optional<KF>, Subscription<K>>& record) override {
    const Subscription<K>& subscription = record.value();
    if (!record.key()) {
      if (subscription.order != Order::kTellEvenIfNone) return this->drop(DropReason::kNullKey);
    } else if (subscription.order == Order::kDeleteSilently ||
               subscription.order == Order::kDeleteAndTell) {
      store_.erase(*record.key(), subscription.key);
    } else {
      store_.put(*record.key(), subscription, record.timestamp());
    }
    const Combined key{record.key(), subscription.key};
    this->forward({key, subscription, record.timestamp(), record.headers()});
  }

 private:
  SubscriptionStore<Types> store_;
};

/// Answers a subscription with the foreign row. **Source**: SubscriptionJoinProcessorSupplier.
template <class Types>
class SubscriptionJoinNode final
    : public OperatorNode<CombinedKey<typename Types::KF, typename Types::K>,
                          Subscription<typename Types::K>, typename Types::K,
                          SubscriptionResponse<typename Types::VF>> {
 public:
  using K = typename Types::K;
  using KF = typename Types::KF;
  using VF = typename Types::VF;
  using Combined = CombinedKey<KF, K>;
  using Base = OperatorNode<Combined, Subscription<K>, K, SubscriptionResponse<VF>>;
  using Order = SubscriptionOrder;

  SubscriptionJoinNode(std::string name, const ForeignJoinPlan<Types>& plan)
      : Base(std::move(name)), foreign_rows_(plan.right->make_getter()) {}
  void init(TaskContext& context) override {
    Base::init(context);
    foreign_rows_->init(context);
  }
  void process(const Record<Combined, Subscription<K>>& record) override {
    const Subscription<K>& subscription = record.value();
    if (subscription.order == Order::kDeleteSilently) return;
    std::optional<ValueAndTimestamp<VF>> row;
    if (record.key().foreign) row = foreign_rows_->get(*record.key().foreign);
    if (!row && subscription.order == Order::kTellIfAny) return;
    SubscriptionResponse<VF> response{subscription.hash, std::nullopt, subscription.partition};
    Timestamp timestamp = record.timestamp();
    if (row) {
      timestamp = std::max(timestamp, row->timestamp);
      if (subscription.order != Order::kDeleteAndTell) response.value = std::move(row->value);
    }
    this->forward({record.key().key, response, timestamp, record.headers()});
  }

 private:
  std::unique_ptr<TableGetter<KF, VF>> foreign_rows_;
};

/// Tells a foreign row's change to all who subscribed. **Source**:
/// ForeignTableJoinProcessorSupplier.
template <class Types>
class ForeignTableNode final
    : public OperatorNode<typename Types::KF, Change<typename Types::VF>, typename Types::K,
                          SubscriptionResponse<typename Types::VF>> {
 public:
  using K = typename Types::K;
  using KF = typename Types::KF;
  using VF = typename Types::VF;
  using Base = OperatorNode<KF, Change<VF>, K, SubscriptionResponse<VF>>;

  ForeignTableNode(std::string name, const ForeignJoinPlan<Types>& plan)
      : Base(std::move(name)), store_(plan) {}
  void init(TaskContext& context) override {
    Base::init(context);
    store_.init(context);
  }
  void process(const Record<KF, Change<VF>>& record) override {
    if (!record.value().is_latest) return this->drop(DropReason::kLate);
    SubscriptionResponse<VF> response;
    if (const VF* value = record.value().new_value) response.value = *value;
    store_.for_each(record.key(), [&](const Subscription<K>& subscription) {
      response.hash = subscription.hash;
      response.partition = subscription.partition;
      this->forward({subscription.key, response, record.timestamp(), record.headers()});
    });
  }

 private:
  SubscriptionStore<Types> store_;
};

/// Joins the answer with the left-hand row, unless that has changed since it asked.
/// **Source**: ResponseJoinProcessorSupplier.
template <class Types>
class ResponseJoinNode final
    : public OperatorNode<typename Types::K, SubscriptionResponse<typename Types::VF>,
                          typename Types::K, std::optional<typename Types::Result>> {
 public:
  using K = typename Types::K;
  using V = typename Types::V;
  using VF = typename Types::VF;
  using Result = std::optional<typename Types::Result>;
  using Base = OperatorNode<K, SubscriptionResponse<VF>, K, Result>;

  ResponseJoinNode(std::string name, const ForeignJoinPlan<Types>& plan)
      : Base(std::move(name)),
        plan_(plan),
        rows_(plan.left->make_getter()),
        values_(plan.value_serde) {}
  void init(TaskContext& context) override {
    Base::init(context);
    rows_->init(context);
  }
  void process(const Record<K, SubscriptionResponse<VF>>& record) override {
    const auto row = rows_->get(record.key());
    std::optional<RowHash> hash;
    if (row) hash = hash_value(row->value, values_, this->name());
    if (hash != record.value().hash) return;
    Result result;
    if (row && (Types::kIsLeft || record.value().value)) {
      result = join_values<V, VF, Types::kKind>(plan_.joiner, record.key(), value_of(row),
                                                value_of(record.value().value));
    }
    this->forward(record.with_value(result));
  }

 private:
  const ForeignJoinPlan<Types>& plan_;
  std::unique_ptr<TableGetter<K, V>> rows_;
  TypedBytes<V> values_;
};

/// The specification of a part of a foreign-key join. `NodeType` is made of (name, plan).
template <class NodeType, class Types>
class ForeignJoinPartSpec final : public ProcessorSpec {
 public:
  using Stores = std::vector<std::string>;
  ForeignJoinPartSpec(std::shared_ptr<const ForeignJoinPlan<Types>> plan,
                      std::vector<StoreSpec> own_stores, Stores connected_stores)
      : plan_(std::move(plan)),
        own_stores_(std::move(own_stores)),
        connected_stores_(std::move(connected_stores)) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<NodeType>(site.name, *plan_);
  }
  [[nodiscard]] std::optional<EdgeType> input() const override { return NodeType::input_type(); }
  [[nodiscard]] std::optional<EdgeType> output() const override { return NodeType::output_type(); }
  [[nodiscard]] std::vector<StoreSpec> stores() const override { return own_stores_; }
  [[nodiscard]] Stores connected_stores() const override { return connected_stores_; }

 private:
  std::shared_ptr<const ForeignJoinPlan<Types>> plan_;
  std::vector<StoreSpec> own_stores_;
  Stores connected_stores_;
};

}  // namespace millstream::detail
