#include "registry.h"

namespace millstream::conformance {

const Kind* find_kind(std::string_view name) {
  using Table = std::span<const Kind> (*)();
  constexpr Table kTables[] = {
      stateless_kinds,   group_kinds,      table_kinds,     window_kinds,        sliding_kinds,
      session_kinds,     suppress_kinds,   cogroup_kinds,   cache_kinds,         processor_kinds,
      described_kinds,   time_kinds,       handler_kinds,   header_kinds,        store_kinds,
      stream_join_kinds, table_join_kinds, versioned_kinds, described_join_kinds};
  for (const Table table : kTables) {
    for (const Kind& kind : table()) {
      if (kind.name == name) return &kind;
    }
  }
  return nullptr;
}

}  // namespace millstream::conformance
