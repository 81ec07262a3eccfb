#include <millstream/operators/detail/processor_spec.h>

namespace millstream::detail {

namespace {

StoreSpec common(const StoreOptions& options, const std::string& name) {
  StoreSpec spec;
  spec.name = name;
  spec.persistent = !options.in_memory;
  spec.logging = options.logging;
  spec.caching = options.caching;
  spec.changelog_config = options.changelog_config;
  return spec;
}

}  // namespace

StoreSpec table_store(const StoreOptions& options, const std::string& name) {
  StoreSpec spec = common(options, name);
  spec.kind = options.history ? StoreKind::kVersioned : StoreKind::kTimestampedKeyValue;
  if (options.history) spec.retention = *options.history;
  spec.caching = options.caching && !options.history;
  return spec;
}

StoreSpec window_store(const StoreOptions& options, const std::string& name, Duration window_size,
                       Duration default_retention) {
  StoreSpec spec = common(options, name);
  spec.kind = StoreKind::kTimestampedWindow;
  spec.window_size = window_size;
  spec.retention = options.retention.value_or(default_retention);
  return spec;
}

StoreSpec session_store(const StoreOptions& options, const std::string& name,
                        Duration default_retention) {
  StoreSpec spec = common(options, name);
  spec.kind = StoreKind::kSession;
  spec.retention = options.retention.value_or(default_retention);
  return spec;
}

void emit_as(EmitStrategy emit, StoreSpec& store) {
  if (emit != EmitStrategy::kOnWindowClose) return;
  store.time_index = true;
  store.caching = false;
}

}  // namespace millstream::detail
