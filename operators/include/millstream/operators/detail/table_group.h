#pragma once

#include <millstream/core/nullable.h>
#include <millstream/operators/detail/aggregation_spec.h>
#include <millstream/operators/detail/functions.h>
#include <millstream/operators/detail/operator_node.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace millstream::detail {

/// Gives each row of a table its group's key and value, old and new apart unless the group is the
/// same; a null key or value on one side is skipped for that side alone. **Source**:
/// KTableRepartitionMap.
template <class K, class V, class F, class KR, class VR>
class TableSelectNode final : public OperatorNode<K, Change<V>, NonNull<KR>, Change<NonNull<VR>>> {
 public:
  using Group = NonNull<KR>;
  using Value = NonNull<VR>;

  TableSelectNode(std::string name, const F& selector)
      : OperatorNode<K, Change<V>, Group, Change<Value>>(std::move(name)), selector_(selector) {}

  void process(const Record<K, Change<V>>& record) override {
    if (!record.value().is_latest) return this->drop(DropReason::kLate);
    const auto new_pair = select(record.key(), record.value().new_value);
    const auto old_pair = select(record.key(), record.value().old_value);
    const Value* new_value = present_value(new_pair);
    if (new_pair && new_value == nullptr) {
      this->drop(get_if_present(new_pair->first) == nullptr ? DropReason::kNullKey
                                                            : DropReason::kNullValue);
    }
    const Value* old_value = present_value(old_pair);
    if (new_value != nullptr && old_value != nullptr && new_pair->first == old_pair->first) {
      return send(record, *get_if_present(new_pair->first), {new_value, old_value, true});
    }
    if (old_value != nullptr) {
      send(record, *get_if_present(old_pair->first), {nullptr, old_value, true});
    }
    if (new_value != nullptr) {
      send(record, *get_if_present(new_pair->first), {new_value, nullptr, true});
    }
  }

 private:
  using Pair = std::pair<KR, VR>;

  [[nodiscard]] std::optional<Pair> select(const K& key, const V* value) const {
    if (value == nullptr) return std::nullopt;
    return selector_(key, *value);
  }
  /// The value, if it and its group are there.
  static const Value* present_value(const std::optional<Pair>& pair) {
    if (!pair || get_if_present(pair->first) == nullptr) return nullptr;
    return get_if_present(pair->second);
  }
  void send(const Record<K, Change<V>>& record, const Group& group,
            const Change<Value>& change) const {
    this->forward({group, change, record.timestamp(), record.headers()});
  }

  const F& selector_;
};

/// A grouped table's functions. `A`: what the initializer makes, maybe an optional.
template <class Init, class Add, class Subtract>
struct TableAggregateFunctions {
  using A = InitialAggregate<Init>;
  Init initializer;
  Add adder;
  Subtract subtractor;
};

/// Takes old rows out of their groups and adds new ones. **Source**: KTableAggregate.
template <class K, class V, class Functions>
class TableAggregateNode final
    : public AggregationNode<K, Change<V>, K, NonNull<typename Functions::A>> {
 public:
  using A = typename Functions::A;
  using Base = AggregationNode<K, Change<V>, K, NonNull<A>>;

  TableAggregateNode(std::string name, const Functions& functions,
                     const StoredTable<K, NonNull<A>>& table, bool sends_old_values)
      : Base(std::move(name), table, sends_old_values), functions_(functions) {}

  void process(const Record<K, Change<V>>& record) override {
    auto row = this->get(record.key());
    const Change<V>& change = record.value();
    Timestamp timestamp = record.timestamp();
    const bool subtracts = row && change.old_value != nullptr;
    if (row && (subtracts || change.new_value != nullptr)) {
      timestamp = std::max(timestamp, row->timestamp);
    }
    std::optional<NonNull<A>> aggregate;
    if (row) aggregate = std::move(row->value);
    const auto old = this->old_to_send(aggregate);
    if (subtracts) {
      aggregate = call_aggregator<A>(functions_.subtractor, record.key(), *change.old_value,
                                     std::move(aggregate));
    }
    if (change.new_value != nullptr) {
      if (!aggregate) aggregate = functions_.initializer();
      aggregate = call_aggregator<A>(functions_.adder, record.key(), *change.new_value,
                                     std::move(aggregate));
    }
    this->update(record.key(), aggregate, old, timestamp, record.headers(), row.has_value());
  }

 private:
  const Functions& functions_;
};

template <class Add_, class Subtract_>
struct TableReduceFunctions {
  Add_ adder;
  Subtract_ subtractor;
};

/// The same for values that are their own aggregate. **Source**: KTableReduce.
template <class K, class V, class Functions>
class TableReduceNode final : public AggregationNode<K, Change<V>, K, V> {
 public:
  using Base = AggregationNode<K, Change<V>, K, V>;

  TableReduceNode(std::string name, const Functions& functions, const StoredTable<K, V>& table,
                  bool sends_old_values)
      : Base(std::move(name), table, sends_old_values), functions_(functions) {}

  void process(const Record<K, Change<V>>& record) override {
    const auto row = this->get(record.key());
    const Change<V>& change = record.value();
    Timestamp timestamp = record.timestamp();
    const bool subtracts = row && change.old_value != nullptr;
    if (row && (subtracts || change.new_value != nullptr)) {
      timestamp = std::max(timestamp, row->timestamp);
    }
    std::optional<V> aggregate;
    if (row) aggregate = row->value;
    const auto old = this->old_to_send(aggregate);
    if (subtracts) aggregate = functions_.subtractor(row->value, *change.old_value);
    if (change.new_value != nullptr) {
      if (aggregate) {
        aggregate = functions_.adder(*aggregate, *change.new_value);
      } else {
        aggregate = *change.new_value;
      }
    }
    this->update(record.key(), aggregate, old, timestamp, record.headers(), row.has_value());
  }

 private:
  const Functions& functions_;
};

}  // namespace millstream::detail
