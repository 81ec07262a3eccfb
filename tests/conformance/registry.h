#pragma once

#include "scenario.h"

#include <span>
#include <string_view>

namespace millstream::conformance {

/// A kind of the catalogue: its id, and what builds its topology from the case's parameters.
struct Kind {
  std::string_view name;
  void (*build)(Scenario&);
};

/// The kind of that name, or null.
[[nodiscard]] const Kind* find_kind(std::string_view name);

// One table of kinds a file kinds_*.cc; each is listed in registry.cc.
[[nodiscard]] std::span<const Kind> stateless_kinds();
[[nodiscard]] std::span<const Kind> group_kinds();
[[nodiscard]] std::span<const Kind> table_kinds();
[[nodiscard]] std::span<const Kind> stream_join_kinds();
[[nodiscard]] std::span<const Kind> table_join_kinds();
[[nodiscard]] std::span<const Kind> versioned_kinds();
[[nodiscard]] std::span<const Kind> described_join_kinds();
[[nodiscard]] std::span<const Kind> window_kinds();
[[nodiscard]] std::span<const Kind> sliding_kinds();
[[nodiscard]] std::span<const Kind> session_kinds();
[[nodiscard]] std::span<const Kind> suppress_kinds();
[[nodiscard]] std::span<const Kind> cogroup_kinds();
[[nodiscard]] std::span<const Kind> cache_kinds();
[[nodiscard]] std::span<const Kind> processor_kinds();
[[nodiscard]] std::span<const Kind> described_kinds();
[[nodiscard]] std::span<const Kind> time_kinds();
[[nodiscard]] std::span<const Kind> handler_kinds();
[[nodiscard]] std::span<const Kind> header_kinds();
[[nodiscard]] std::span<const Kind> store_kinds();

}  // namespace millstream::conformance
