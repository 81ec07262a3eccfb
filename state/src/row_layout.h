#pragma once

#include <millstream/state/store_spec.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millstream::detail {

/// The bytes behind the key in a row of a window or session store.
[[nodiscard]] std::size_t row_suffix_size(const StoreSpec& spec);
/// The segment whose rows begin with these 6 bytes.
[[nodiscard]] std::int64_t segment_number(std::string_view prefix);

}  // namespace millstream::detail
