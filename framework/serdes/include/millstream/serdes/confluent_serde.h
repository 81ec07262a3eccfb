#pragma once

#include <millstream/core/result.h>
#include <millstream/core/serde.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millstream {

/// What stands before the bytes of a record whose schema is in a Confluent-compatible registry: a
/// zero byte, the schema's id (4 bytes, big endian), and for Protobuf the path to the message in
/// its file.
struct ConfluentHeader {
  std::int32_t schema_id = 0;
  /// Which message of the `.proto` file: {0} the first one, {2, 1} the second one inside the third.
  std::vector<std::int32_t> message_indexes;

  friend bool operator==(const ConfluentHeader&, const ConfluentHeader&) = default;
};

enum class ConfluentFormat { kProtobuf, kJson };

/// Append a header. **Source**: Confluent's wire format; {0} is written as a single zero byte.
void append_confluent_header(const ConfluentHeader& header, ConfluentFormat format,
                             std::string& out);

/// Take the header off the front of `bytes`. **Errors**: kData: another magic byte, or cut off.
Result<ConfluentHeader> take_confluent_header(std::string_view& bytes, ConfluentFormat format);

/// A serde in Confluent's wire format around another one. The ids come from the configuration:
/// there is no registry in the data path.
///
///     ConfluentSerde<Order>({.write = {.schema_id = 42, .message_indexes = {0}}})
///
/// **Errors**: those of the inner serde, and kData for bytes without header or of a schema, or a
/// message, that isn't expected.
template <class T>
class ConfluentSerde {
 public:
  struct Options {
    ConfluentFormat format = ConfluentFormat::kProtobuf;
    ConfluentHeader write{.schema_id = 0, .message_indexes = {0}};
    /// Schemas that are read; empty: any.
    std::vector<std::int32_t> read_ids;
  };

  explicit ConfluentSerde(Options options, Serde<T> inner = {})
      : options_(std::move(options)), inner_(std::move(inner)) {}

  Status serialize(const T& value, std::string& out) const {
    append_confluent_header(options_.write, options_.format, out);
    return inner_.serialize(value, out);
  }

  Status deserialize(std::string_view bytes, T& value) const {
    const auto header = take_confluent_header(bytes, options_.format);
    if (!header) return header.error();
    MILLSTREAM_TRY(check(*header));
    return inner_.deserialize(bytes, value);
  }

 private:
  [[nodiscard]] Status check(const ConfluentHeader& header) const {
    bool expected = options_.read_ids.empty();
    for (const std::int32_t id : options_.read_ids) expected |= id == header.schema_id;
    if (!expected) {
      return Error::data("schema id " + std::to_string(header.schema_id) + " isn't expected here");
    }
    if (options_.format == ConfluentFormat::kProtobuf &&
        header.message_indexes != options_.write.message_indexes) {
      return Error::data("another message of schema id " + std::to_string(header.schema_id) +
                         " than the one expected here");
    }
    return {};
  }

  Options options_;
  Serde<T> inner_;
};

}  // namespace millstream
