#pragma once

#include <millstream/core/record.h>
#include <millstream/topology/processor_context.h>

namespace millstream {

/// A user's own operator: one object for each task, so that it may keep state of its own. What has
/// to come back after a failure belongs into a store: a task that goes back to its last commit
/// closes its processors and makes new ones.
///
/// `KOut` and `VOut` are void for a processor that puts out nothing.
/// **Order**: `init` before the first record, `close` after the last. **Errors**: an exception goes
/// to the processing exception handler. **Thread**: the task's.
/// **Source**: org.apache.kafka.streams.processor.api.Processor.
template <class KIn, class VIn, class KOut = void, class VOut = void>
class Processor {
 public:
  using KeyIn = KIn;
  using ValueIn = VIn;
  using KeyOut = KOut;
  using ValueOut = VOut;

  virtual ~Processor() = default;
  /// **Lifetime**: the context lives as long as the processor.
  virtual void init(ProcessorContext<KOut, VOut>& context) { static_cast<void>(context); }
  virtual void process(const Record<KIn, VIn>& record) = 0;
  virtual void close() {}
};

/// A processor that keeps its context for you. **Source**: ContextualProcessor of Kafka Streams.
template <class KIn, class VIn, class KOut = void, class VOut = void>
class ContextualProcessor : public Processor<KIn, VIn, KOut, VOut> {
 public:
  void init(ProcessorContext<KOut, VOut>& context) override { context_ = &context; }

 protected:
  [[nodiscard]] ProcessorContext<KOut, VOut>& context() const { return *context_; }

 private:
  ProcessorContext<KOut, VOut>* context_ = nullptr;
};

}  // namespace millstream
