#include "topic.h"

#include <millstream/core/big_endian.h>
#include <millstream/core/config.h>

#include <algorithm>
#include <cctype>

namespace millstream::embedded {
namespace {

void put_text(std::string& out, const std::string& text) {
  append_big_endian(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

bool take_text(std::string_view& bytes, std::string& out) {
  if (bytes.size() < 4) return false;
  const auto length = read_big_endian<std::uint32_t>(bytes);
  bytes.remove_prefix(4);
  if (bytes.size() < length) return false;
  out.assign(bytes.substr(0, length));
  bytes.remove_prefix(length);
  return true;
}

Status parse_policy(const std::string& text, TopicSettings& settings) {
  settings.compact = false;
  settings.expire = false;
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    std::string word = text.substr(at, comma - at);
    std::erase_if(word, [](unsigned char c) { return std::isspace(c) != 0; });
    if (word == "compact") {
      settings.compact = true;
    } else if (word == "delete") {
      settings.expire = true;
    } else {
      return Error::user("cleanup.policy \"" + text +
                         "\" is none: it is compact, delete, or compact,delete");
    }
    at = comma + 1;
  }
  return {};
}

}  // namespace

Result<TopicSettings> TopicSettings::parse(const std::map<std::string, std::string>& values) {
  Config config;
  for (const auto& [name, value] : values) config.set(name, value);
  TopicSettings settings;
  MILLSTREAM_TRY(parse_policy(config.get("cleanup.policy", "delete"), settings));
  const auto retention = config.get_int("retention.ms", -1);
  if (!retention) return retention.error();
  settings.retention = Duration(*retention);
  const auto bytes = config.get_int("retention.bytes", -1);
  if (!bytes) return bytes.error();
  settings.retention_bytes = *bytes;
  const auto tombstones = config.get_int("delete.retention.ms", settings.delete_retention.count());
  if (!tombstones) return tombstones.error();
  settings.delete_retention = Duration(*tombstones);
  const auto ratio = config.get_double("min.cleanable.dirty.ratio", settings.min_dirty_ratio);
  if (!ratio) return ratio.error();
  settings.min_dirty_ratio = std::clamp(*ratio, 0.0, 0.99);
  const auto largest = config.get_int("max.message.bytes", settings.max_message_bytes);
  if (!largest) return largest.error();
  settings.max_message_bytes = std::min(*largest, settings.max_message_bytes);
  return settings;
}

std::map<std::string, std::string> TopicSettings::show() const {
  return {
      {"cleanup.policy", compact && expire ? "compact,delete" : (compact ? "compact" : "delete")},
      {"retention.ms", std::to_string(retention.count())},
      {"retention.bytes", std::to_string(retention_bytes)},
      {"delete.retention.ms", std::to_string(delete_retention.count())},
      {"min.cleanable.dirty.ratio", std::to_string(min_dirty_ratio)},
      {"max.message.bytes", std::to_string(max_message_bytes)},
  };
}

std::string Topic::encode(std::uint32_t id, PartitionId partitions,
                          const std::map<std::string, std::string>& config) {
  std::string out;
  append_big_endian(out, id);
  append_big_endian(out, partitions);
  append_big_endian(out, static_cast<std::uint32_t>(config.size()));
  for (const auto& [name, value] : config) {
    put_text(out, name);
    put_text(out, value);
  }
  return out;
}

Result<Topic::Stored> Topic::decode(std::string_view bytes) {
  const Error damaged = Error::machine("the log's description of a topic is damaged");
  if (bytes.size() < 12) return damaged;
  Stored stored;
  stored.id = read_big_endian<std::uint32_t>(bytes);
  stored.partitions = read_big_endian<PartitionId>(bytes, 4);
  auto settings = read_big_endian<std::uint32_t>(bytes, 8);
  bytes.remove_prefix(12);
  for (; settings > 0; --settings) {
    std::string name;
    std::string value;
    if (!take_text(bytes, name) || !take_text(bytes, value)) return damaged;
    stored.config.emplace(std::move(name), std::move(value));
  }
  return stored;
}

Status check_topic_name(const std::string& name) {
  const bool legal =
      !name.empty() && name.size() <= 249 && name != "." && name != ".." &&
      std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return (std::isalnum(c) != 0 && c < 0x80U) || c == '.' || c == '_' || c == '-';
      });
  if (legal) return {};
  return Error::user("\"" + name +
                     "\" is no topic name: 1 to 249 of the letters, digits, '.', '_' and '-'");
}

}  // namespace millstream::embedded
