#include "json_format.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "message_fields.h"

namespace anomaly {

namespace {

using millstream::Error;
using millstream::Status;
using nlohmann::json;

template <class M>
json to_json(const M& message);

json value_of(const std::string& text) { return text; }
json value_of(std::int64_t number) { return number; }
json value_of(bool value) { return value; }
json value_of(double number) { return number; }
json value_of(const std::vector<Contribution>& list) {
  json array = json::array();
  for (const Contribution& item : list) array.push_back(to_json(item));
  return array;
}

template <class M>
json to_json(const M& message) {
  json object = json::object();
  visit_fields(message, [&](std::uint32_t, const char* name, Presence, const auto& field) {
    object[name] = value_of(field);
  });
  return object;
}

template <class M>
Status from_json(const json& object, M& message);

Status take(const json& value, std::string& text) {
  if (!value.is_string()) return Error::data("is no text");
  text = value.get_ref<const std::string&>();
  return {};
}
Status take(const json& value, std::int64_t& number) {
  if (!value.is_number_integer()) return Error::data("is no whole number");
  number = value.get<std::int64_t>();
  return {};
}
Status take(const json& value, bool& out) {
  if (!value.is_boolean()) return Error::data("is neither true nor false");
  out = value.get<bool>();
  return {};
}
Status take(const json& value, double& number) {
  if (!value.is_number()) return Error::data("is no number");
  number = value.get<double>();
  return {};
}
Status take(const json& value, std::vector<Contribution>& list) {
  if (!value.is_array()) return Error::data("is no list");
  list.clear();
  for (const json& item : value) MILLSTREAM_TRY(from_json(item, list.emplace_back()));
  return {};
}

template <class M>
Status from_json(const json& object, M& message) {
  if (!object.is_object()) {
    return Error::data(fmt::format("a {} must be a JSON object", message_name<M>()));
  }
  Status status;
  message = M();
  visit_fields(message, [&](std::uint32_t, const char* name, Presence presence, auto& field) {
    const auto it = object.find(name);
    if (it == object.end()) {
      if (presence == Presence::kRequired && status) {
        status = Error::data(fmt::format("the {} has no {}", message_name<M>(), name));
      }
    } else if (const auto taken = take(*it, field); !taken && status) {
      status = Error::data(
          fmt::format("the {}'s {} {}", message_name<M>(), name, taken.error().message()));
    }
  });
  return status;
}

}  // namespace

template <class M>
void JsonFormat::write(const M& message, std::string& out) {
  out += to_json(message).dump(-1, ' ', false, json::error_handler_t::replace);
}

template <class M>
Status JsonFormat::read(std::string_view text, M& message) {
  const json object = json::parse(text, nullptr, false);
  if (object.is_discarded()) {
    return Error::data(fmt::format("the {} is not JSON", message_name<M>()));
  }
  return from_json(object, message);
}

template void JsonFormat::write(const Metric&, std::string&);
template void JsonFormat::write(const Score&, std::string&);
template void JsonFormat::write(const Alert&, std::string&);
template Status JsonFormat::read(std::string_view, Metric&);
template Status JsonFormat::read(std::string_view, Score&);
template Status JsonFormat::read(std::string_view, Alert&);

}  // namespace anomaly
