#pragma once

#include <millstream/core/nullable.h>
#include <millstream/operators/detail/stream_aggregate.h>
#include <millstream/operators/detail/window_node.h>

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace millstream::detail {

/// Turns a reducer into an aggregator over values as declared: the first value is the aggregate.
/// **Source**: TimeWindowedKStreamImpl.aggregatorFromReducer.
template <class V, class F>
struct ReduceAggregator {
  F reducer;
  template <class K>
  std::optional<NonNull<V>> operator()(const K&, const V& value,
                                       std::optional<NonNull<V>> aggregate) const {
    if (!aggregate) return value;
    return reducer(*aggregate, value);
  }
};
template <class V>
struct NullInitializer {
  std::optional<NonNull<V>> operator()() const { return std::nullopt; }
};

/// Aggregates the records of each key and aligned window. Drops null keys, and records for windows
/// that are closed; null values go to the aggregator. **Source**: KStreamWindowAggregate.
template <class K, class V, class W, class Functions>
class WindowAggregateNode final : public WindowNode<K, V, Functions> {
 public:
  using Base = WindowNode<K, V, Functions>;
  using typename Base::Key;
  using typename Base::Value;

  WindowAggregateNode(std::string name, const W& windows, const Functions& functions,
                      const StoredTable<Key, Value>& table, bool sends_old_values,
                      EmitStrategy emit)
      : Base(std::move(name), functions, table, sends_old_values, emit), windows_(windows) {}

  /// Of a record's windows the newest: mostly it is the only one, or lies beside the others. Only
  /// for windows of our own: a user's code isn't called for a hint, whose time nobody has accepted.
  void prefetch(const ComingRecord& record) override {
    if constexpr (std::is_same_v<W, TimeWindows>) {
      if (!record.timestamp.is_valid()) return;
      const std::int64_t time = record.timestamp.ms();
      this->store().prefetch(record, Timestamp(time - time % windows_.advance().count()));
    }
  }
  [[nodiscard]] bool prefetches() const override { return std::is_same_v<W, TimeWindows>; }

  void process(const Record<K, V>& record) override {
    const Key* key = get_if_present(record.key());
    if (key == nullptr) return this->drop(DropReason::kNullKey);
    this->times().observe(record.timestamp());
    const Timestamp closed = this->times().observed() - windows_.grace();
    bool has_window = false;
    windows_.for_each_window(record.timestamp(), [&](const Window& window) {
      has_window = true;
      if (window.end > closed) {
        auto row = this->store().get(*key, window.start);
        const bool exists = row.has_value();
        this->aggregate(*key, window, std::move(row), exists, record);
      } else {
        this->drop(DropReason::kLate);
      }
    });
    if (!has_window) this->drop(DropReason::kNoWindow);
    this->emit_closed(record.headers());
  }

 protected:
  [[nodiscard]] Timestamp last_closed_start(Timestamp stream_time) const override {
    return stream_time - windows_.grace() - windows_.size();
  }

 private:
  const W& windows_;
};

}  // namespace millstream::detail
