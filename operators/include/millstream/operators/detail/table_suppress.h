#pragma once

#include <millstream/core/record.h>
#include <millstream/core/windowed.h>
#include <millstream/operators/detail/graph_node.h>
#include <millstream/operators/detail/operator_node.h>
#include <millstream/operators/detail/suppress_buffer.h>
#include <millstream/operators/detail/table_spec.h>
#include <millstream/operators/detail/window_times.h>
#include <millstream/operators/suppressed.h>
#include <millstream/state/detail/typed_bytes.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millstream::detail {

/// What a suppression is, without its types.
struct SuppressRule {
  StoreSpec store;
  /// How far stream time must be ahead of an update's buffer time.
  Duration wait{};
  /// The buffer time is the window's end, not the update's timestamp, and tombstones are swallowed.
  bool until_window_closes = false;
  BufferConfig buffer;
  /// How often the task's stream time is looked at; nothing: only updates move the time.
  std::optional<Duration> task_time_interval = std::nullopt;

  [[nodiscard]] bool is_full(const SuppressBuffer& held) const {
    return held.records() > buffer.records() || held.bytes() > buffer.bytes();
  }
};

/// The store of a suppression's buffer.
[[nodiscard]] StoreSpec suppress_store(const std::string& name, const BufferConfig& buffer);
/// The closing delay of the windowed aggregations above: the greatest; nothing if a way up has
/// none.
[[nodiscard]] std::optional<Duration> find_closing_delay(const GraphNode& node);
[[noreturn]] void fail_on_full_buffer(const std::string& node, const SuppressRule& rule);

/// A suppression's operator state: its stream time, and the buffer's order, read from the store.
class SuppressState final : public OperatorState {
 public:
  explicit SuppressState(ByteStore& rows) : buffer(rows) {}
  void save(std::string& out) const override { times.save(out); }
  void load(std::string_view bytes) override {
    times.load(bytes);
    buffer.reload();
  }

  WindowTimes times;
  SuppressBuffer buffer;
};

/// Holds updates back. Its stream time is the greatest timestamp of the updates that reach it, or
/// the task's where the rule says so.
/// **Source**: KTableSuppressProcessor.
template <class K, class V>
class TableSuppressNode final : public OperatorNode<K, Change<V>, K, Change<V>> {
 public:
  using Base = OperatorNode<K, Change<V>, K, Change<V>>;

  TableSuppressNode(std::string name, const SuppressRule& rule, const Serde<K>& key,
                    const Serde<V>& value)
      : Base(std::move(name)), rule_(rule), key_(key), value_(value) {}

  void init(TaskContext& context) override {
    Base::init(context);
    state_.emplace(context.store(rule_.store.name));
    context.register_operator_state(this->name(), *state_);
    if (!rule_.task_time_interval) return;
    static_cast<void>(context.schedule(*rule_.task_time_interval, PunctuationType::kStreamTime,
                                       [this](Timestamp time) { advance_stream_time(time); }));
  }
  void process(const Record<K, Change<V>>& record) override {
    state_->times.observe(record.timestamp());
    hold_back(record);
    emit_due();
    if (!rule_.is_full(state_->buffer)) return;
    if (rule_.buffer.when_full() == BufferConfig::WhenFull::kShutDown) {
      fail_on_full_buffer(this->name(), rule_);
    }
    while (rule_.is_full(state_->buffer)) emit_oldest();
  }
  void advance_stream_time(Timestamp time) override {
    state_->times.observe(time);
    emit_due();
  }

 private:
  void hold_back(const Record<K, Change<V>>& record) {
    const Change<V>& change = record.value();
    values_.clear();
    SuppressedUpdate update{std::nullopt, std::nullopt, record.timestamp()};
    const std::size_t old_size = append(change.old_value);
    append(change.new_value);
    const std::string_view bytes = values_;
    if (change.old_value != nullptr) update.old_value = bytes.substr(0, old_size);
    if (change.new_value != nullptr) update.new_value = bytes.substr(old_size);
    state_->buffer.put(buffer_time(record), key_.write(record.key(), rule_.store.name), update,
                       record.headers(), this->context().record_metadata());
  }
  /// The size of what has been written so far.
  std::size_t append(const V* value) {
    if (value != nullptr) value_.append(*value, values_, rule_.store.name);
    return values_.size();
  }
  [[nodiscard]] Timestamp buffer_time(const Record<K, Change<V>>& record) const {
    if constexpr (kIsWindowed<K>) {
      if (rule_.until_window_closes) return record.key().window.end;
    }
    return record.timestamp();
  }

  void emit_due() {
    const Timestamp due = state_->times.observed() - rule_.wait;
    while (!state_->buffer.empty() && state_->buffer.oldest_time() <= due) emit_oldest();
  }
  void emit_oldest() {
    EvictedUpdate update = state_->buffer.oldest();
    if (update.new_value || !rule_.until_window_closes) {
      const K key = key_.read(update.key, rule_.store.name);
      const std::optional<V> new_value = read(update.new_value);
      // As in Kafka Streams the value before the last update, which the children may never have
      // seen.
      const std::optional<V> old_value = read(update.old_value);
      const Change<V> change{new_value ? &*new_value : nullptr, old_value ? &*old_value : nullptr,
                             true};
      this->forward({key, change, update.timestamp, update.headers});
    }
    state_->buffer.erase_oldest();
  }
  [[nodiscard]] std::optional<V> read(const std::optional<std::string_view>& bytes) const {
    if (!bytes) return std::nullopt;
    return value_.read(*bytes, rule_.store.name);
  }

  const SuppressRule& rule_;
  TypedBytes<K> key_;
  TypedBytes<V> value_;
  std::string values_;
  std::optional<SuppressState> state_;
};

/// Reads a suppressed table: of a row that is held back the value before.
/// **Source**: KTableSuppressValueGetter.
template <class K, class V>
class TableSuppressGetter final : public TableGetter<K, V> {
 public:
  TableSuppressGetter(std::string store, const Serde<K>& key, const Serde<V>& value,
                      std::unique_ptr<TableGetter<K, V>> parent)
      : store_(std::move(store)), key_(key), value_(value), parent_(std::move(parent)) {}

  void init(TaskContext& context) override {
    parent_->init(context);
    buffer_.emplace(context.store(store_));
  }
  [[nodiscard]] std::optional<ValueAndTimestamp<V>> get(const K& key) override {
    const auto held = buffer_->prior_value(key_.write(key, store_));
    if (!held) return parent_->get(key);
    if (!*held) return std::nullopt;
    return ValueAndTimestamp<V>{value_.read(**held, store_), Timestamp::none()};
  }

 private:
  std::string store_;
  TypedBytes<K> key_;
  TypedBytes<V> value_;
  std::unique_ptr<TableGetter<K, V>> parent_;
  std::optional<SuppressBuffer> buffer_;
};

template <class K, class V>
class TableSuppressSpec final : public TableSpec<K, V> {
 public:
  TableSuppressSpec(std::shared_ptr<TableSpec<K, V>> parent, SuppressRule rule, Serde<K> key,
                    Serde<V> value)
      : parent_(std::move(parent)),
        rule_(std::move(rule)),
        key_(std::move(key)),
        value_(std::move(value)) {
    parent_->enable_sending_old_values(true);
  }

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<TableSuppressNode<K, V>>(site.name, rule_, key_, value_);
  }
  [[nodiscard]] std::optional<EdgeType> input() const override {
    return EdgeType::of<K, Change<V>>();
  }
  [[nodiscard]] std::optional<EdgeType> output() const override { return input(); }
  [[nodiscard]] std::vector<StoreSpec> stores() const override { return {rule_.store}; }

  bool enable_sending_old_values(bool force_materialization) override {
    return parent_->enable_sending_old_values(force_materialization);
  }
  void enable_reads() override { parent_->enable_reads(); }
  [[nodiscard]] std::unique_ptr<TableGetter<K, V>> make_getter() const override {
    return std::make_unique<TableSuppressGetter<K, V>>(rule_.store.name, key_, value_,
                                                       parent_->make_getter());
  }
  [[nodiscard]] std::vector<std::string> getter_stores() const override {
    std::vector<std::string> names = parent_->getter_stores();
    names.push_back(rule_.store.name);
    return names;
  }

 private:
  std::shared_ptr<TableSpec<K, V>> parent_;
  SuppressRule rule_;
  Serde<K> key_;
  Serde<V> value_;
};

}  // namespace millstream::detail
