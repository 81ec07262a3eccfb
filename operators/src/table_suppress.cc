#include <millstream/operators/detail/table_suppress.h>
#include <millstream/topology/errors.h>

#include <algorithm>

namespace millstream::detail {

StoreSpec suppress_store(const std::string& name, const BufferConfig& buffer) {
  StoreSpec spec;
  spec.name = name;
  spec.kind = StoreKind::kKeyValue;
  spec.logging = buffer.logging();
  spec.changelog_config = buffer.changelog_config();
  return spec;
}

std::optional<Duration> find_closing_delay(const GraphNode& node) {
  if (node.closing_delay || node.parents().empty()) return node.closing_delay;
  std::optional<Duration> greatest;
  for (const GraphNode* parent : node.parents()) {
    const auto delay = find_closing_delay(*parent);
    if (!delay) return std::nullopt;
    greatest = std::max(greatest, delay);
  }
  return greatest;
}

void fail_on_full_buffer(const std::string& node, const SuppressRule& rule) {
  const bool counts_records = rule.buffer.records() != BufferConfig::kUnbounded;
  throw StreamsError("suppression " + node + ": its buffer is full (" +
                     (counts_records ? std::to_string(rule.buffer.records()) + " records"
                                     : std::to_string(rule.buffer.bytes()) + " bytes") +
                     ") and must not emit early");
}

}  // namespace millstream::detail
