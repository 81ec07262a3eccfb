#pragma once

#include <millstream/core/result.h>
#include <millstream/core/serde.h>

#include <string>
#include <string_view>

#include "messages.h"

namespace anomaly {

/// How records are written in topics: `--format`.
enum class Format { kProtobuf, kJson };

/// **Errors**: user: neither "protobuf" nor "json".
millstream::Result<Format> parse_format(std::string_view text);

/// Whether a message means something. **Errors**: data: an empty series, a negative timestamp, a
/// number that is not finite; the field and its value are named.
millstream::Status check(const Metric& metric);
millstream::Status check(const Score& score);
millstream::Status check(const Alert& alert);

/// The serde of a message in either format; checks what it reads and writes.
template <class M>
class MessageSerde {
 public:
  explicit MessageSerde(Format format = Format::kProtobuf) : format_(format) {}
  millstream::Status serialize(const M& message, std::string& out) const;
  millstream::Status deserialize(std::string_view bytes, M& message) const;

 private:
  Format format_;
};

}  // namespace anomaly

template <>
struct millstream::DefaultSerde<anomaly::Metric> : anomaly::MessageSerde<anomaly::Metric> {};
template <>
struct millstream::DefaultSerde<anomaly::Score> : anomaly::MessageSerde<anomaly::Score> {};
template <>
struct millstream::DefaultSerde<anomaly::Alert> : anomaly::MessageSerde<anomaly::Alert> {};
