#pragma once

#include <millstream/core/headers.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millstream::detail {

/// Append bytes behind their 4-byte length.
void append_sized(std::string& out, std::string_view bytes);
/// Take bytes and their length off the front. **Errors**: StoreError if there are fewer.
std::string_view take_sized(std::string_view& bytes);
/// Append headers, and take them off the front.
void append_headers(std::string& out, const Headers& headers);
Headers take_headers(std::string_view& bytes);

}  // namespace millstream::detail
