#pragma once

#include <millstream/core/result.h>
#include <millstream/forest/model.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace millstream::forest {

// The Protobuf message of a model's parts, always the same bytes for the same parts.
std::string encode_parts(const ModelParts& parts);
Result<ModelParts> decode_parts(std::string_view payload);

// CRC-64/XZ.
std::uint64_t crc64(std::string_view bytes);
// 16 hexadecimal digits.
std::string hex(std::uint64_t number);

}  // namespace millstream::forest
