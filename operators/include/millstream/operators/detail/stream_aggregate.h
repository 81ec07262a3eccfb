#pragma once

#include <millstream/core/nullable.h>
#include <millstream/operators/detail/aggregation_spec.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace millstream::detail {

/// An aggregation's functions. `A`: what the initializer makes, maybe an optional.
template <class Init_, class Agg_>
struct AggregateFunctions {
  using Init = Init_;
  using Agg = Agg_;
  using A = InitialAggregate<Init>;
  Init initializer;
  Agg aggregator;
};

struct CountInitializer {
  std::int64_t operator()() const { return 0; }
};
struct CountAggregator {
  template <class K, class V>
  std::int64_t operator()(const K&, const V&, std::int64_t count) const {
    return count + 1;
  }
};
using CountFunctions = AggregateFunctions<CountInitializer, CountAggregator>;

/// Aggregates the records of each key. Drops null keys and null values. The aggregate carries the
/// greatest timestamp that went into it. **Source**: KStreamAggregate.
template <class K, class V, class Functions>
class StreamAggregateNode final
    : public AggregationNode<K, V, NonNull<K>, NonNull<typename Functions::A>> {
 public:
  using A = typename Functions::A;
  using Base = AggregationNode<K, V, NonNull<K>, NonNull<A>>;

  StreamAggregateNode(std::string name, const Functions& functions,
                      const StoredTable<NonNull<K>, NonNull<A>>& table, bool sends_old_values)
      : Base(std::move(name), table, sends_old_values), functions_(functions) {}

  void process(const Record<K, V>& record) override {
    const auto* key = get_if_present(record.key());
    if (key == nullptr) return this->drop(DropReason::kNullKey);
    const auto* value = get_if_present(record.value());
    if (value == nullptr) return this->drop(DropReason::kNullValue);

    auto row = this->get(*key);
    std::optional<NonNull<A>> aggregate;
    Timestamp timestamp = record.timestamp();
    if (row) {
      timestamp = std::max(timestamp, row->timestamp);
      aggregate = std::move(row->value);
    } else {
      aggregate = functions_.initializer();
    }
    // As in Kafka Streams, what the initializer made counts as the old value of the first update.
    const auto old = this->old_to_send(aggregate);
    const auto updated =
        call_aggregator<A>(functions_.aggregator, *key, *value, std::move(aggregate));
    this->update(*key, updated, old, timestamp, record.headers(), row.has_value());
  }

 private:
  const Functions& functions_;
};

/// Combines the values of each key. Drops null keys and null values. **Source**: KStreamReduce.
template <class K, class V, class F>
class StreamReduceNode final : public AggregationNode<K, V, NonNull<K>, NonNull<V>> {
 public:
  using A = NonNull<V>;
  using Base = AggregationNode<K, V, NonNull<K>, A>;

  StreamReduceNode(std::string name, const F& reducer, const StoredTable<NonNull<K>, A>& table,
                   bool sends_old_values)
      : Base(std::move(name), table, sends_old_values), reducer_(reducer) {}

  void process(const Record<K, V>& record) override {
    const auto* key = get_if_present(record.key());
    if (key == nullptr) return this->drop(DropReason::kNullKey);
    const A* value = get_if_present(record.value());
    if (value == nullptr) return this->drop(DropReason::kNullValue);

    auto row = this->get(*key);
    std::optional<A> old;
    std::optional<A> updated;
    Timestamp timestamp = record.timestamp();
    if (row) {
      timestamp = std::max(timestamp, row->timestamp);
      updated = reducer_(row->value, *value);
      old = std::move(row->value);
    } else {
      updated = *value;
    }
    this->update(*key, updated, old, timestamp, record.headers(), row.has_value());
  }

 private:
  const F& reducer_;
};

}  // namespace millstream::detail
