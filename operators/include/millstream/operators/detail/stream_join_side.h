#pragma once

#include <millstream/operators/detail/outer_join_store.h>
#include <millstream/operators/detail/stream_join.h>
#include <millstream/state/detail/typed_bytes.h>

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace millstream::detail {

/// One side of a join of streams: joins its records with those that the other side has kept. Drops
/// null values; a null key has no partner. Records without a partner wait in the outer store until
/// their window has closed, where the join puts them out at all. **Source**: KStreamKStreamJoin.
template <class Types, bool IsLeft>
class StreamJoinNode final
    : public OperatorNode<typename Types::K,
                          std::conditional_t<IsLeft, typename Types::VL, typename Types::VR>,
                          typename Types::K, typename Types::Result> {
 public:
  using K = typename Types::K;
  using V = std::conditional_t<IsLeft, typename Types::VL, typename Types::VR>;
  using VOther = std::conditional_t<IsLeft, typename Types::VR, typename Types::VL>;
  using Key = NonNull<K>;
  using Value = NonNull<V>;
  using Other = NonNull<VOther>;
  using Result = typename Types::Result;
  using Base = OperatorNode<K, V, K, Result>;

  /// Some side's records come out without a partner.
  static constexpr bool kHasOuter = Types::kKind != JoinKind::kInner;
  /// This side's do.
  static constexpr bool kIsOuter = Types::kKind == JoinKind::kOuter || (kHasOuter && IsLeft);

  StreamJoinNode(std::string name, const StreamJoinPlan<Types>& plan)
      : Base(std::move(name)),
        plan_(plan),
        windows_(IsLeft ? plan.windows : plan.windows.reversed()),
        keys_(plan.key_serde),
        left_values_(plan.left_serde),
        right_values_(plan.right_serde) {}

  void connect(Node& child) override {
    Base::connect(child);
    if (auto* keeper = dynamic_cast<JoinTimeKeeper*>(&child)) time_ = &keeper->join_time();
  }

  void init(TaskContext& context) override {
    Base::init(context);
    const StoreSpec& other = IsLeft ? plan_.right_store : plan_.left_store;
    ByteStore& bytes = context.store(other.name);
    const StoreSpec& spec = context.store_spec(other.name);
    if constexpr (IsLeft) {
      others_.emplace(bytes, spec, plan_.key_serde, plan_.right_serde);
    } else {
      others_.emplace(bytes, spec, plan_.key_serde, plan_.left_serde);
    }
    if constexpr (kHasOuter) waiting_.emplace(context.store(plan_.outer_store.name));
  }

  void prefetch(const ComingRecord& record) override {
    others_->prefetch(record.key, record.timestamp, record.step);
  }
  [[nodiscard]] bool prefetches() const override { return true; }

  void process(const Record<K, V>& record) override {
    if constexpr (kHasOuter) time_->observe(record.timestamp());
    const Key* key = get_if_present(record.key());
    const Value* value = get_if_present(record.value());
    if (value == nullptr) {
      return this->drop(key == nullptr ? DropReason::kNullKey : DropReason::kNullValue);
    }
    if (key == nullptr) return without_key(record, *value);
    if constexpr (kHasOuter) {
      if (record.timestamp() == time_->stream_time())
        emit_closed(windows_.after(), record.headers());
    }
    join(record, *key, *value);
  }

  void advance_stream_time(Timestamp time) override {
    if constexpr (kHasOuter) {
      time_->observe(time);
      Headers none;
      emit_closed(std::min(windows_.before(), windows_.after()), none);
    }
  }

 private:
  using Row = typename WindowStore<Key, Other>::TimedRow;

  void without_key(const Record<K, V>& record, const Value& value) {
    if constexpr (kIsOuter) {
      emit(record.key(), &value, nullptr, record.timestamp(), record.headers());
    } else {
      this->drop(DropReason::kNullKey);
    }
  }

  void join(const Record<K, V>& record, const Key& key, const Value& value) {
    const JoinSpan span(record.timestamp(), windows_);
    bool found = false;
    auto rows = others_->fetch(key, span.from, span.to);
    while (const auto row = rows.next()) {
      found = true;
      if constexpr (kHasOuter) {
        waiting_->erase({row->first, !IsLeft, keys_.write(key, plan_.outer_store.name)});
      }
      emit(record.key(), &value, &row->second, std::max(record.timestamp(), row->first),
           record.headers());
    }
    if constexpr (kIsOuter) {
      if (!found) wait_for_partner(record, key, value, span.to);
    }
  }

  /// A record that is old already has its result at once, though a later one may still find it.
  void wait_for_partner(const Record<K, V>& record, const Key& key, const Value& value,
                        Timestamp end) {
    if (end < time_->stream_time()) {
      return emit(record.key(), &value, nullptr, record.timestamp(), record.headers());
    }
    time_->add_waiting(record.timestamp());
    const std::string& store = plan_.outer_store.name;
    waiting_->add({record.timestamp(), IsLeft, keys_.write(key, store)}, write(value));
  }

  /// Put out the records whose windows have closed. `reach`: how far this side looks ahead.
  void emit_closed(Duration reach, Headers& headers) {
    if (time_->first_waiting() + reach + windows_.grace() >= time_->stream_time()) return;
    time_->set_first_waiting(Timestamp::max());
    bool left_is_open = false;
    bool right_is_open = false;
    auto walk = waiting_->walk();
    while (const auto place = walk.next()) {
      time_->set_first_waiting(place->timestamp);
      if (left_is_open && right_is_open) break;
      const Duration after = place->is_left ? plan_.windows.after() : plan_.windows.before();
      if (place->timestamp + after + windows_.grace() >= time_->stream_time()) {
        (place->is_left ? left_is_open : right_is_open) = true;
        // Kafka Streams walks from value to value: a second one here would end its walk.
        if (left_is_open && right_is_open && walk.values().size() > 1) break;
        continue;
      }
      emit_without_partner(*place, walk.values(), headers);
      waiting_->erase(*place);
    }
  }

  void emit_without_partner(const OuterJoinStore::Place& place,
                            const std::vector<std::string>& values, Headers& headers) {
    const std::string& store = plan_.outer_store.name;
    const K key = keys_.read(place.key, store);
    for (const std::string& bytes : values) {
      if (place.is_left) {
        const auto left = left_values_.read(bytes, store);
        emit_sides(key, &left, nullptr, place.timestamp, headers);
      } else {
        const auto right = right_values_.read(bytes, store);
        emit_sides(key, nullptr, &right, place.timestamp, headers);
      }
    }
  }

  std::string_view write(const Value& value) {
    if constexpr (IsLeft) {
      return left_values_.write(value, plan_.outer_store.name);
    } else {
      return right_values_.write(value, plan_.outer_store.name);
    }
  }

  void emit(const K& key, const Value* value, const Other* other, Timestamp time,
            Headers& headers) {
    if constexpr (IsLeft) {
      emit_sides(key, value, other, time, headers);
    } else {
      emit_sides(key, other, value, time, headers);
    }
  }
  void emit_sides(const K& key, const NonNull<typename Types::VL>* left,
                  const NonNull<typename Types::VR>* right, Timestamp time, Headers& headers) {
    const Result result = join_values<typename Types::VL, typename Types::VR, Types::kKind>(
        plan_.joiner, key, left, right);
    this->forward({key, result, time, headers});
  }

  const StreamJoinPlan<Types>& plan_;
  JoinWindows windows_;
  TypedBytes<Key> keys_;
  TypedBytes<NonNull<typename Types::VL>> left_values_;
  TypedBytes<NonNull<typename Types::VR>> right_values_;
  std::optional<WindowStore<Key, Other>> others_;
  std::optional<OuterJoinStore> waiting_;
  JoinTime* time_ = nullptr;
};

}  // namespace millstream::detail
