#pragma once

namespace millstream::detail {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line,
                                   const char* message);
}  // namespace millstream::detail

/// Stop the program where an invariant of the code itself is broken; in every build. Never for
/// input.
#define MILLSTREAM_ASSERT(condition, message) \
  (static_cast<bool>(condition)               \
       ? static_cast<void>(0)                 \
       : ::millstream::detail::assertion_failed(#condition, __FILE__, __LINE__, message))
