#pragma once

#include <millstream/core/nullable.h>
#include <millstream/operators/detail/aggregation_spec.h>
#include <millstream/operators/detail/operator_node.h>
#include <millstream/operators/detail/session_table.h>
#include <millstream/operators/detail/window_times.h>
#include <millstream/operators/session_windows.h>
#include <millstream/operators/windows.h>

#include <algorithm>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millstream {

/// Combines two aggregates of a key: `(key, aggregate, session) -> aggregate`.
template <class F, class K, class A>
concept Merger =
    UserFunction<F, const K&, const A&, const A&> &&
    std::convertible_to<std::invoke_result_t<const F&, const K&, const A&, const A&>, A>;

namespace detail {

/// A session aggregation's functions. `A`: what the initializer makes, maybe an optional.
template <class Init, class Agg, class Merge>
struct SessionFunctions {
  using A = InitialAggregate<Init>;
  Init initializer;
  Agg aggregator;
  Merge merger;
};

/// Aggregates the records of each key and session; sessions that a record joins become one. Drops
/// null keys, and records whose session is closed; null values go to the aggregator.
/// **Source**: KStreamSessionWindowAggregate.
template <class K, class V, class Functions>
class SessionAggregateNode final
    : public OperatorNode<K, V, Windowed<NonNull<K>>, Change<NonNull<typename Functions::A>>> {
 public:
  using Key = NonNull<K>;
  using A = typename Functions::A;
  using Value = NonNull<A>;
  using Base = OperatorNode<K, V, Windowed<Key>, Change<Value>>;

  SessionAggregateNode(std::string name, const SessionWindows& windows, const Functions& functions,
                       const StoredTable<Key, Value>& table, bool sends_old_values,
                       EmitStrategy emit)
      : Base(std::move(name)),
        windows_(windows),
        functions_(functions),
        table_(table),
        sends_old_values_(sends_old_values),
        emit_(emit) {}

  void init(TaskContext& context) override {
    Base::init(context);
    store_.emplace(context, table_, this->outputs(), sends_old_values_,
                   emit_ == EmitStrategy::kOnWindowUpdate);
    context.register_operator_state(this->name(), times_);
  }

  void process(const Record<K, V>& record) override {
    const Key* key = get_if_present(record.key());
    if (key == nullptr) return this->drop(DropReason::kNullKey);
    times_.observe(record.timestamp());
    session_.key = *key;  // a copy into kept memory
    session_.window = {record.timestamp(), record.timestamp()};
    find_merged();
    if (session_.window.end < closing_end()) {
      this->drop(DropReason::kLate);
    } else {
      aggregate(record);
    }
    emit_closed(record.headers());
  }
  void flush() override {
    store_->flush();
    emit_closed();
  }
  void advance_stream_time(Timestamp time) override {
    store_->flush();
    times_.observe(time);
    emit_closed();
  }

 private:
  /// Sessions that end before this are closed.
  [[nodiscard]] Timestamp closing_end() const {
    return times_.observed() - windows_.closing_delay();
  }
  /// Find the sessions that the record joins, and widen its own to hold them.
  void find_merged() {
    merged_.clear();
    const Timestamp time = session_.window.start;
    const Duration gap = windows_.inactivity_gap();
    auto sessions = store_->rows().find_sessions(session_.key, time - gap, time + gap);
    while (auto found = sessions.next()) {
      const Window& window = found->first.window;
      session_.window.start = std::min(session_.window.start, window.start);
      session_.window.end = std::max(session_.window.end, window.end);
      merged_.push_back(*std::move(found));
    }
  }
  void aggregate(const Record<K, V>& record) {
    std::optional<Value> current = functions_.initializer();
    for (const auto& [session, value] : merged_) current = merge(std::move(current), value);
    const bool removes = session_.window != Window{record.timestamp(), record.timestamp()};
    if (removes) {
      for (const auto& [session, value] : merged_) {
        store_->remove(session, value, record.headers());
      }
    }
    const auto updated =
        call_aggregator<A>(functions_.aggregator, session_.key, record.value(), std::move(current));
    store_->put(session_, value_of(updated), record.headers(), !removes && !merged_.empty());
  }
  std::optional<Value> merge(std::optional<Value> current, const Value& other) const {
    if constexpr (kIsNullable<A>) {
      return functions_.merger(session_.key, current, A(other));
    } else {
      return functions_.merger(session_.key, *current, other);
    }
  }
  void emit_closed(Headers& headers) {
    if (emit_ != EmitStrategy::kOnWindowClose) return;
    const Timestamp last = closing_end() - Duration(1);
    if (!last.is_valid() || last <= times_.emitted()) return;
    Timestamp first = times_.emitted() + Duration(1);
    if (windows_.loses_expired()) first = std::max(first, store_->rows().first_live());
    store_->forward_rows(first, last, headers);
    times_.set_emitted(last);
  }
  void emit_closed() {
    Headers none;
    emit_closed(none);
  }

  const SessionWindows& windows_;
  const Functions& functions_;
  const StoredTable<Key, Value>& table_;
  bool sends_old_values_;
  EmitStrategy emit_;
  std::optional<SessionTableStore<Key, Value>> store_;
  WindowTimes times_;
  Windowed<Key> session_;
  std::vector<std::pair<Windowed<Key>, Value>> merged_;
};

}  // namespace detail
}  // namespace millstream
