#pragma once

#include <millstream/core/record.h>
#include <millstream/core/serde.h>
#include <millstream/core/time.h>
#include <millstream/operators/detail/processor_spec.h>
#include <millstream/state/store_spec.h>
#include <millstream/topology/task_context.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millstream::detail {

/// Reads a table's rows for another operator: from its store, or computed from what it is made of.
/// **Thread**: the task's. **Source**: KTableValueGetter of Kafka Streams.
template <class K, class V>
class TableGetter {
 public:
  virtual ~TableGetter() = default;
  virtual void init(TaskContext& context) = 0;
  [[nodiscard]] virtual std::optional<ValueAndTimestamp<V>> get(const K& key) = 0;
  /// A hint that the row of the record's own key will be wanted soon; see Node::prefetch.
  virtual void prefetch(const ComingRecord& record) const { static_cast<void>(record); }
  /// The row of a time, where versions are kept; else the row.
  [[nodiscard]] virtual std::optional<ValueAndTimestamp<V>> get_as_of(const K& key,
                                                                      Timestamp time) {
    static_cast<void>(time);
    return get(key);
  }
};

/// What makes a table: the operator's specification, and how others read its rows. The non-const
/// functions are called while the topology is said, never later.
/// **Source**: KTableProcessorSupplier, KTableImpl of Kafka Streams.
template <class K, class V>
class TableSpec : public ProcessorSpec {
 public:
  /// Ask for old values in the changes. False if there are none to be had because the table is not
  /// kept, and `force_materialization` doesn't say to keep it.
  virtual bool enable_sending_old_values(bool force_materialization) = 0;
  /// Make sure that rows can be read: what can't be computed is kept from now on.
  virtual void enable_reads() = 0;
  /// A reader for one task's operator. **Lifetime**: ends before this.
  [[nodiscard]] virtual std::unique_ptr<TableGetter<K, V>> make_getter() const = 0;
  /// The stores that its readers read, to be connected to the reading operator.
  [[nodiscard]] virtual std::vector<std::string> getter_stores() const = 0;
  /// How long versions of its rows can be read; nothing: there are none.
  [[nodiscard]] virtual std::optional<Duration> history() const { return std::nullopt; }
};

/// A table's store and the serdes of its rows.
template <class K, class V>
struct StoredTable {
  StoreSpec store;
  Serde<K> key_serde;
  Serde<V> value_serde;

  [[nodiscard]] std::optional<Duration> history() const {
    return store.kind == StoreKind::kVersioned ? std::optional(store.retention) : std::nullopt;
  }
};

}  // namespace millstream::detail
