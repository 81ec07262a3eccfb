#pragma once

#include <millstream/core/record.h>
#include <millstream/topology/processor_context.h>

#include <string_view>
#include <utility>

namespace millstream {

namespace detail {
template <class P>
class FixedKeyProcessorNode;
}

/// A record whose key stays what it is; made by the framework alone.
/// **Source**: org.apache.kafka.streams.processor.api.FixedKeyRecord.
template <class K, class V>
class FixedKeyRecord {
 public:
  [[nodiscard]] const K& key() const { return record_.key(); }
  [[nodiscard]] const V& value() const { return record_.value(); }
  [[nodiscard]] Timestamp timestamp() const { return record_.timestamp(); }
  [[nodiscard]] Headers& headers() const { return record_.headers(); }

  /// The same record with another value, timestamp or headers; see Record for lifetimes.
  template <class V2>
  [[nodiscard]] FixedKeyRecord<K, V2> with_value(const V2& value) const {
    return FixedKeyRecord<K, V2>(record_.with_value(value));
  }
  [[nodiscard]] FixedKeyRecord with_timestamp(Timestamp timestamp) const {
    return FixedKeyRecord(record_.with_timestamp(timestamp));
  }
  [[nodiscard]] FixedKeyRecord with_headers(Headers& headers) const {
    return FixedKeyRecord(record_.with_headers(headers));
  }

 private:
  template <class, class>
  friend class FixedKeyRecord;
  template <class>
  friend class detail::FixedKeyProcessorNode;
  template <class, class>
  friend class FixedKeyProcessorContext;
  explicit FixedKeyRecord(const Record<K, V>& record) : record_(record) {}

  Record<K, V> record_;
};

/// What a FixedKeyProcessor sees of its task; see ProcessorContext.
template <class K, class VOut>
class FixedKeyProcessorContext : public ProcessorContextBase {
 public:
  FixedKeyProcessorContext(TaskContext& task, NodeSite site, const Outputs<K, VOut>& outputs)
      : ProcessorContextBase(task, std::move(site)), outputs_(&outputs) {}

  void forward(const FixedKeyRecord<K, VOut>& record) const { outputs_->forward(record.record_); }
  void forward(const FixedKeyRecord<K, VOut>& record, std::string_view child) const {
    if (!outputs_->forward_to(child, record.record_)) {
      detail::fail_on_unknown_child(node_name(), child);
    }
  }

 private:
  const Outputs<K, VOut>* outputs_;
};

/// A user's own operator that can't change keys, so that nothing behind it is repartitioned.
/// **Source**: org.apache.kafka.streams.processor.api.FixedKeyProcessor.
template <class K, class VIn, class VOut>
class FixedKeyProcessor {
 public:
  using Key = K;
  using ValueIn = VIn;
  using ValueOut = VOut;

  virtual ~FixedKeyProcessor() = default;
  virtual void init(FixedKeyProcessorContext<K, VOut>& context) { static_cast<void>(context); }
  virtual void process(const FixedKeyRecord<K, VIn>& record) = 0;
  virtual void close() {}
};

}  // namespace millstream
