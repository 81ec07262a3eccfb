#pragma once

#include "scenario.h"

#include <millstream/topology/processor.h>

#include <memory>

namespace millstream::conformance {

using StrProcessor = ContextualProcessor<Str, Str, Str, Str>;
using StrContext = ProcessorContext<Str, Str>;

/// A processor made of a function `(context, record)`, and of one that runs at the start.
template <class Process, class Init>
class FunctionProcessor final : public StrProcessor {
 public:
  FunctionProcessor(const Process& process, const Init& init) : process_(process), init_(init) {}
  void init(StrContext& context) override {
    StrProcessor::init(context);
    init_(context);
  }
  void process(const Record<Str, Str>& record) override { process_(context(), record); }

 private:
  const Process& process_;
  const Init& init_;
};

/// A supplier of processors that call these functions.
template <class Process, class Init>
auto processor(Process process, Init init) {
  return
      [process, init] { return std::make_unique<FunctionProcessor<Process, Init>>(process, init); };
}
template <class Process>
auto processor(Process process) {
  return processor(process, [](StrContext&) {});
}

}  // namespace millstream::conformance
