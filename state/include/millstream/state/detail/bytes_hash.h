#pragma once

#include <cstdint>
#include <string_view>

namespace millstream::detail {

/// After wyhash. `seed`: what makes it hard to choose keys that collide.
[[nodiscard]] std::uint32_t hash_bytes(std::string_view bytes, std::uint64_t seed);

}  // namespace millstream::detail
