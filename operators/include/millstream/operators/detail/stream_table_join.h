#pragma once

#include <millstream/core/nullable.h>
#include <millstream/operators/detail/join_buffer.h>
#include <millstream/operators/detail/joiner.h>
#include <millstream/operators/detail/operator_node.h>
#include <millstream/operators/detail/table_spec.h>
#include <millstream/operators/detail/table_store.h>
#include <millstream/state/detail/typed_bytes.h>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace millstream::detail {

/// A stream record's own key, as the key of the table it is joined with.
struct OwnKey {
  template <class K, class V>
  const K& operator()(const K& key, const V&) const {
    return key;
  }
};

/// What a join of a stream and a table is told beside its types.
template <class K, class V, class KT, class VT>
struct StreamTableJoinPlan {
  std::shared_ptr<const TableSpec<KT, VT>> table;
  /// Rows are read as of the record's time.
  bool as_of = false;
  /// Where records wait for the rows of their time; empty: they don't.
  std::string buffer;
  Duration grace{};
  Serde<NonNull<K>> key_serde;
  Serde<NonNull<V>> value_serde;
};

/// Joins each record of a stream with the row of a table that there is when it comes, or at its
/// time where the table keeps versions. Drops null values; null keys too, unless it is a left join.
/// `Select`: the row's key of a record's key and value. **Source**: KStreamKTableJoinProcessor.
template <class K, class V, class KT, class VT, class Select, class F, JoinKind Kind>
class StreamTableJoinNode final
    : public OperatorNode<K, V, K, JoinResult<F, K, NonNull<V>, VT, Kind>> {
 public:
  using Result = JoinResult<F, K, NonNull<V>, VT, Kind>;
  using Base = OperatorNode<K, V, K, Result>;
  using Plan = StreamTableJoinPlan<K, V, KT, VT>;

  StreamTableJoinNode(std::string name, const Plan& plan, const Select& select, const F& joiner)
      : Base(std::move(name)),
        plan_(plan),
        select_(select),
        joiner_(joiner),
        rows_(plan.table->make_getter()),
        keys_(plan.key_serde),
        values_(plan.value_serde) {}

  void init(TaskContext& context) override {
    Base::init(context);
    rows_->init(context);
    if (!plan_.buffer.empty()) buffer_.emplace(context.store(plan_.buffer), plan_.grace);
  }

  void process(const Record<K, V>& record) override {
    if (get_if_present(record.value()) == nullptr) return this->drop(DropReason::kNullValue);
    if constexpr (Kind == JoinKind::kInner) {
      const auto& key = select_(record.key(), record.value());
      if (get_if_present(key) == nullptr) return this->drop(DropReason::kNullJoinKey);
    }
    const auto* key = get_if_present(record.key());
    if (!buffer_ || key == nullptr || !put_in_buffer(*key, record)) join(record);
    if (buffer_) emit_ready();
  }

  void prefetch(const ComingRecord& record) override { rows_->prefetch(record); }
  [[nodiscard]] bool prefetches() const override { return std::is_same_v<Select, OwnKey>; }

  void advance_stream_time(Timestamp time) override {
    if (!buffer_) return;
    buffer_->observe(time);
    emit_ready();
  }

 private:
  bool put_in_buffer(const NonNull<K>& key, const Record<K, V>& record) {
    return buffer_->put(keys_.write(key, plan_.buffer),
                        values_.write(*get_if_present(record.value()), plan_.buffer),
                        record.timestamp(), record.headers());
  }

  void emit_ready() {
    while (auto entry = buffer_->take_ready()) {
      const K key = keys_.read(entry->key, plan_.buffer);
      const V value = values_.read(entry->value, plan_.buffer);
      join({key, value, entry->timestamp, entry->headers});
    }
  }

  void join(const Record<K, V>& record) {
    const auto& selected = select_(record.key(), record.value());
    const KT* key = get_if_present(selected);
    std::optional<ValueAndTimestamp<VT>> row;
    if (key != nullptr) {
      row = plan_.as_of ? rows_->get_as_of(*key, record.timestamp()) : rows_->get(*key);
    }
    if (Kind == JoinKind::kInner && !row) return;
    const Result result = join_values<NonNull<V>, VT, Kind>(
        joiner_, record.key(), get_if_present(record.value()), value_of(row));
    this->forward(record.with_value(result));
  }

  const Plan& plan_;
  const Select& select_;
  const F& joiner_;
  std::unique_ptr<TableGetter<KT, VT>> rows_;
  TypedBytes<NonNull<K>> keys_;
  TypedBytes<NonNull<V>> values_;
  std::optional<JoinBuffer> buffer_;
};

template <class K, class V, class KT, class VT, class Select, class F, JoinKind Kind>
class StreamTableJoinSpec final : public ProcessorSpec {
 public:
  using NodeType = StreamTableJoinNode<K, V, KT, VT, Select, F, Kind>;
  using Plan = typename NodeType::Plan;

  /// `connects`: the table's stores are the tasks' own, not global ones.
  StreamTableJoinSpec(Plan plan, bool connects, Select select, F joiner)
      : plan_(std::move(plan)),
        connects_(connects),
        select_(std::move(select)),
        joiner_(std::move(joiner)) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<NodeType>(site.name, plan_, select_, joiner_);
  }
  [[nodiscard]] std::optional<EdgeType> input() const override { return NodeType::input_type(); }
  [[nodiscard]] std::optional<EdgeType> output() const override { return NodeType::output_type(); }
  [[nodiscard]] std::vector<StoreSpec> stores() const override {
    if (plan_.buffer.empty()) return {};
    return {JoinBuffer::store(plan_.buffer)};
  }
  [[nodiscard]] std::vector<std::string> connected_stores() const override {
    return connects_ ? plan_.table->getter_stores() : std::vector<std::string>();
  }

 private:
  Plan plan_;
  bool connects_;
  Select select_;
  F joiner_;
};

}  // namespace millstream::detail
