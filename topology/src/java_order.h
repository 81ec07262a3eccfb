#pragma once

#include <string>
#include <vector>

namespace millstream {

/// How a Java HashSet came to have its capacity.
enum class JavaSetOrigin { kGrown, kCopied };

/// The names in the order in which a Java HashSet (or HashMap) walks them, into which they were put
/// in the given order. describe() prints some sets unsorted, and its text shall be equal.
/// **Source**: java.util.HashMap, whose bins stay lists below 8 entries.
[[nodiscard]] std::vector<std::string> java_order(std::vector<std::string> names,
                                                  JavaSetOrigin origin);

}  // namespace millstream
