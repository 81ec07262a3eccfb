#include "decode.h"

#include <millstream/core/big_endian.h>
#include <millstream/state/key_value_store.h>
#include <millstream/state/session_store.h>
#include <millstream/state/timestamped_key_value_store.h>
#include <millstream/state/timestamped_window_store.h>
#include <millstream/state/versioned_key_value_store.h>
#include <millstream/state/window_store.h>

#include <algorithm>
#include <stdexcept>

namespace millstream::conformance {

namespace {

using Bytes = std::string;
/// Rows behind the retention are there for at most this long.
constexpr Duration kSegment{60'000};

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

Json to_hex(const std::optional<std::string>& bytes) {
  if (!bytes) return nullptr;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const char c : *bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex.push_back(kDigits[byte / 16U]);
    hex.push_back(kDigits[byte % 16U]);
  }
  return hex;
}

std::optional<std::string> encode(const Json& value) {
  if (value.is_null()) return std::nullopt;
  if (value.is_string()) return value.get<std::string>();
  std::string bytes;
  append_big_endian(bytes, value.get<std::int64_t>());
  return bytes;
}

Json decode(const std::string& bytes, ValueType type) {
  if (type == ValueType::kString) return bytes;
  if (bytes.size() != 8) return "<" + std::to_string(bytes.size()) + " bytes>";
  return read_big_endian<std::int64_t>(bytes);
}

Json windowed(const Windowed<Bytes>& key) {
  return {{"key", key.key}, {"start", key.window.start.ms()}, {"end", key.window.end.ms()}};
}

Json decode_key(const std::string& bytes, const KeyType& type) {
  Windowed<Bytes> key;
  Status status;
  switch (type.kind) {
    case KeyType::Kind::kPlain:
      return bytes;
    case KeyType::Kind::kTimeWindowed:
      status = TimeWindowedSerde<Bytes>{type.window_size}.deserialize(bytes, key);
      break;
    case KeyType::Kind::kSession:
      status = SessionWindowedSerde<Bytes>{}.deserialize(bytes, key);
      break;
  }
  return status ? windowed(key) : Json("<no windowed key>");
}

/// Take all rows of a walk, each made JSON.
template <class Iterator, class ToJson>
std::vector<Json> take_rows(Iterator iterator, ToJson to_json_row) {
  std::vector<Json> rows;
  while (const auto row = iterator.next()) rows.push_back(to_json_row(*row));
  return rows;
}

std::vector<Json> unsorted_rows(TopologyTestDriver& driver, const std::string& name,
                                const Scenario::Store& store) {
  const auto value = [&](const Bytes& bytes) { return decode(bytes, store.value); };
  switch (store.type) {
    case StoreType::kPlain: {
      auto rows = driver.state_store<KeyValueStore<Bytes, Bytes>>(name);
      return take_rows(rows.all(),
                       [&](const auto& row) { return Json{row.first, value(row.second)}; });
    }
    case StoreType::kTimestamped: {
      auto rows = driver.state_store<TimestampedKeyValueStore<Bytes, Bytes>>(name);
      return take_rows(rows.all(), [&](const auto& row) {
        return Json{row.first, value(row.second.value), row.second.timestamp.ms()};
      });
    }
    case StoreType::kWindow: {
      auto rows = driver.state_store<WindowStore<Bytes, Bytes>>(name);
      return take_rows(rows.all(), [&](const auto& row) {
        return Json{row.first.key, row.first.window.start.ms(), value(row.second)};
      });
    }
    case StoreType::kTimestampedWindow: {
      auto rows = driver.state_store<TimestampedWindowStore<Bytes, Bytes>>(name);
      auto walk = store.cached
                      ? rows.fetch_by_time(rows.first_visible() - kSegment, Timestamp::max())
                      : rows.all();
      return take_rows(std::move(walk), [&](const auto& row) {
        return Json{row.first.key, row.first.window.start.ms(), value(row.second.value),
                    row.second.timestamp.ms()};
      });
    }
    case StoreType::kSession: {
      auto rows = driver.state_store<SessionStore<Bytes, Bytes>>(name);
      auto walk = store.cached ? rows.find_by_end(rows.first_visible() - kSegment, Timestamp::max())
                               : rows.all();
      return take_rows(std::move(walk), [&](const auto& row) {
        return Json{row.first.key, row.first.window.start.ms(), row.first.window.end.ms(),
                    value(row.second)};
      });
    }
    case StoreType::kVersioned:
      break;
  }
  throw std::invalid_argument("the rows of versioned store " + name + " can't be listed");
}

}  // namespace

RawTestRecord to_record(const Json& pipe) {
  RawTestRecord record;
  record.topic = pipe.at("topic");
  record.key = encode(pipe.at("key"));
  if (pipe.contains("value_bytes_hex")) {
    record.value = from_hex(pipe.at("value_bytes_hex"));
  } else {
    record.value = encode(pipe.at("value"));
  }
  record.timestamp = Timestamp(pipe.at("ts").get<std::int64_t>());
  if (pipe.contains("headers")) {
    for (const Json& header : pipe.at("headers")) {
      record.headers.add(header.at(0), encode(header.at(1)));
    }
  }
  return record;
}

Json to_json(const RawTestRecord& record, const Scenario::Output& output, bool with_headers) {
  Json json;
  json["topic"] = record.topic;
  if (output.value == ValueType::kBytes) {
    json["key_bytes_hex"] = to_hex(record.key);
    json["value_bytes_hex"] = to_hex(record.value);
  } else {
    json["key"] = record.key ? decode_key(*record.key, output.key) : Json();
    json["value"] = record.value ? decode(*record.value, output.value) : Json();
  }
  json["ts"] = record.timestamp.ms();
  if (with_headers) {
    json["headers"] = Json::array();
    for (const Header& header : record.headers) {
      json["headers"].push_back(
          Json::array({header.name, header.value ? Json(*header.value) : Json()}));
    }
  }
  return json;
}

Json rows_of(TopologyTestDriver& driver, const std::string& name, const Scenario::Store& store) {
  std::vector<Json> rows = unsorted_rows(driver, name, store);
  const bool has_start = store.type != StoreType::kPlain && store.type != StoreType::kTimestamped;
  const bool has_end = store.type == StoreType::kSession;
  std::stable_sort(rows.begin(), rows.end(), [&](const Json& a, const Json& b) {
    if (a[0] != b[0]) return a[0].get<std::string>() < b[0].get<std::string>();
    if (has_start && a[1] != b[1]) return a[1] < b[1];
    return has_end && a[2] < b[2];
  });
  return rows;
}

Json versioned_get(TopologyTestDriver& driver, const Json& get, const Scenario::Store& store) {
  auto rows =
      driver.state_store<VersionedKeyValueStore<Bytes, Bytes>>(get.at("store").get<Bytes>());
  const Bytes key = get.at("key");
  const auto row = get.at("as_of").is_null()
                       ? rows.get(key)
                       : rows.get(key, Timestamp(get.at("as_of").get<std::int64_t>()));
  if (!row) return nullptr;
  return Json{decode(row->value, store.value), row->timestamp.ms()};
}

}  // namespace millstream::conformance
