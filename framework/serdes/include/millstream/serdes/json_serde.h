#pragma once

#include <millstream/core/result.h>
#include <millstream/core/serde.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>

namespace millstream {

/// A value as JSON text, for every type that nlohmann/json converts (NLOHMANN_DEFINE_TYPE_... or
/// own to_json and from_json); `nlohmann::json` itself is any JSON.
///
///     Consumed{.value = JsonSerde<Order>()}
///
/// **Errors**: kData: no JSON, a field that is missing or of another type, a text that isn't UTF-8.
/// **Cost**: a conversion fault unwinds once (the library throws), a syntax fault doesn't.
template <class T>
struct JsonSerde {
  Status serialize(const T& value, std::string& out) const {
    try {
      const nlohmann::json json = value;
      out += json.dump();
      return {};
    } catch (const nlohmann::json::exception& exception) {
      return Error::data(std::string("no JSON can be made of the value: ") + exception.what());
    }
  }

  Status deserialize(std::string_view bytes, T& value) const {
    nlohmann::json json = nlohmann::json::parse(bytes.begin(), bytes.end(), nullptr, false);
    if (json.is_discarded()) {
      return Error::data("these " + std::to_string(bytes.size()) + " bytes are no JSON text");
    }
    if constexpr (std::is_same_v<T, nlohmann::json>) {
      value = std::move(json);
      return {};
    } else {
      return convert(json, value);
    }
  }

 private:
  static Status convert(const nlohmann::json& json, T& value) {
    try {
      json.get_to(value);
      return {};
    } catch (const nlohmann::json::exception& exception) {
      return Error::data(std::string("the JSON is another thing than expected: ") +
                         exception.what());
    }
  }
};

template <>
struct DefaultSerde<nlohmann::json> : JsonSerde<nlohmann::json> {};

}  // namespace millstream
