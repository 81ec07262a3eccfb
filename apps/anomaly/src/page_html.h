#pragma once

#include <string_view>

namespace anomaly {

/// The live page: one HTML document with its style and script inside, which asks for nothing from
/// elsewhere. Made from apps/anomaly/page by CMake.
[[nodiscard]] std::string_view page_html();

}  // namespace anomaly
