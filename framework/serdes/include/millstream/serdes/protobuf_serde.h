#pragma once

#include <millstream/core/result.h>
#include <millstream/core/serde.h>

#include <concepts>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

namespace millstream {

/// A class that protoc generated.
template <class M>
concept ProtobufMessage =
    std::default_initializable<M> && requires(const M& message, M& into, std::string& out) {
      { message.ByteSizeLong() } -> std::convertible_to<std::size_t>;
      { message.AppendToString(&out) } -> std::same_as<bool>;
      { into.ParseFromArray(static_cast<const void*>(nullptr), 0) } -> std::same_as<bool>;
      { message.GetTypeName() } -> std::convertible_to<std::string>;
    };

/// A Protobuf message in its binary format, as Kafka clients of all languages write it (without a
/// schema registry; for that see confluent_serde.h).
/// **Errors**: kData, naming the message's type. A message that is valid but of another type is
/// often parsed without an error: that is Protobuf's nature.
template <ProtobufMessage M>
struct ProtobufSerde {
  Status serialize(const M& message, std::string& out) const {
    const std::size_t size = message.ByteSizeLong();
    if (size > kMaxSize) return fault(message, "is larger than 2 GiB");
    if (!message.AppendToString(&out)) return fault(message, "lacks required fields");
    return {};
  }

  Status deserialize(std::string_view bytes, M& message) const {
    if (bytes.size() > kMaxSize) return fault(message, "is larger than 2 GiB");
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return fault(message, "can't be read from these " + std::to_string(bytes.size()) + " bytes");
    }
    return {};
  }

 private:
  static constexpr auto kMaxSize = static_cast<std::size_t>(std::numeric_limits<int>::max());

  static Error fault(const M& message, const std::string& what) {
    return Error::data("a " + std::string(message.GetTypeName()) + " " + what);
  }
};

/// Messages need no serde to be named: `builder.stream<std::string, MyMessage>("topic")`.
template <ProtobufMessage M>
struct DefaultSerde<M> : ProtobufSerde<M> {};

}  // namespace millstream
