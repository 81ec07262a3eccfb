#pragma once

#include <millstream/core/headers.h>
#include <millstream/core/serde.h>
#include <millstream/topology/node.h>
#include <millstream/topology/node_spec.h>
#include <millstream/topology/task_context.h>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace millstream {

namespace detail {
[[noreturn]] void fail_on_unknown_child(std::string_view node, std::string_view child);
template <class Store>
struct StoreTraits;
template <template <class, class> class Store, class K, class V>
struct StoreTraits<Store<K, V>> {
  using Key = K;
  using Value = V;
};
}  // namespace detail

/// A store type of a user's own, over the rows of bytes that all stores stand on.
/// **Lifetime** of an object: ends before the ByteStore does. **Source**: StateStore and
/// StoreBuilder of Kafka Streams.
template <class Store>
concept OwnStore = std::constructible_from<Store, ByteStore&, const StoreSpec&>;

/// What every processor sees of its task. **Thread**: the task's. **Lifetime**: as the processor.
class ProcessorContextBase {
 public:
  ProcessorContextBase(TaskContext& task, NodeSite site) : task_(&task), site_(std::move(site)) {}

  [[nodiscard]] const std::string& application_id() const { return task_->application_id(); }
  [[nodiscard]] TaskId task_id() const { return task_->task_id(); }
  /// The maximum timestamp of the records that the task has processed; negative before the first.
  [[nodiscard]] Timestamp current_stream_time() const { return task_->stream_time(); }
  [[nodiscard]] Timestamp current_system_time() const { return task_->wall_clock_time(); }
  /// Where the input record came from; topic empty and offset -1 during punctuation.
  [[nodiscard]] const RecordMetadata& record_metadata() const { return task_->record_metadata(); }

  /// The typed facade of a connected or global store, such as
  /// `context.state_store<KeyValueStore<std::string, std::int64_t>>("counts")`.
  /// **Errors**: StreamsError if the store isn't connected to this processor.
  template <class Store>
  [[nodiscard]] Store state_store(
      std::string_view name, Serde<typename detail::StoreTraits<Store>::Key> key_serde = {},
      Serde<typename detail::StoreTraits<Store>::Value> value_serde = {}) const {
    require_connected(name);
    return Store(task_->store(name), task_->store_spec(name), std::move(key_serde),
                 std::move(value_serde));
  }

  /// The same for a store type of your own: a class that is made of the store's bytes and its
  /// specification, `MyStore(ByteStore&, const StoreSpec&)`. What it puts there is committed,
  /// logged and restored as any store's.
  template <class Store>
    requires OwnStore<Store>
  [[nodiscard]] Store state_store(std::string_view name) const {
    require_connected(name);
    return Store(task_->store(name), task_->store_spec(name));
  }

  /// Call `punctuator` each `interval`; stream-time schedules are aligned to 0 and due at once,
  /// wall-clock ones first fire an interval from now. Missed intervals are skipped, not made up.
  std::shared_ptr<Cancellable> schedule(Duration interval, PunctuationType type,
                                        Punctuator punctuator) const;
  /// Ask for a commit as soon as possible.
  void commit() const { task_->request_commit(); }
  /// Count the record being processed as dropped, for a reason.
  void drop(DropReason reason) const { task_->drop(site_.name, reason); }
  /// Commit this state with the task; see OperatorState. One a processor.
  void register_operator_state(OperatorState& state) const {
    task_->register_operator_state(site_.name, state);
  }
  [[nodiscard]] Metrics& metrics() const { return task_->metrics(); }
  [[nodiscard]] Logger& logger() const { return task_->logger(); }
  [[nodiscard]] const std::string& node_name() const { return site_.name; }

 private:
  void require_connected(std::string_view store) const;

  TaskContext* task_;
  NodeSite site_;
};

/// What a processor that puts out `KOut`, `VOut` sees of its task.
/// **Source**: org.apache.kafka.streams.processor.api.ProcessorContext.
template <class KOut, class VOut>
class ProcessorContext : public ProcessorContextBase {
 public:
  ProcessorContext(TaskContext& task, NodeSite site, const Outputs<KOut, VOut>& outputs)
      : ProcessorContextBase(task, std::move(site)), outputs_(&outputs) {}

  /// Hand a record to all children, in the order in which they were attached.
  void forward(const Record<KOut, VOut>& record) const { outputs_->forward(record); }
  /// Hand a record to one child. **Errors**: std::invalid_argument if there is none of that name.
  void forward(const Record<KOut, VOut>& record, std::string_view child) const {
    if (!outputs_->forward_to(child, record)) detail::fail_on_unknown_child(node_name(), child);
  }
  /// Hand on a new record without headers, as from a punctuation.
  void forward(const KOut& key, const VOut& value, Timestamp timestamp) const {
    Headers none;
    outputs_->forward(Record<KOut, VOut>(key, value, timestamp, none));
  }

 private:
  const Outputs<KOut, VOut>* outputs_;
};

/// The context of a processor that puts out nothing.
template <>
class ProcessorContext<void, void> : public ProcessorContextBase {
 public:
  using ProcessorContextBase::ProcessorContextBase;
};

}  // namespace millstream
