#include "settings.h"

#include <array>
#include <cstdint>

namespace millstream::embedded {
namespace {

Status parse_bytes(const Config& config, std::string_view name, std::size_t& out) {
  const auto value = config.get_int(name, static_cast<std::int64_t>(out));
  if (!value) return value.error();
  if (*value < 0) {
    return Error::user("setting " + std::string(name) + " is a number of bytes, but it is " +
                       std::to_string(*value));
  }
  out = static_cast<std::size_t>(*value);
  return {};
}

}  // namespace

Result<Settings> Settings::parse(const Config& config, Logger& logger) {
  static constexpr std::array<std::string_view, 5> kKnown = {
      "embedded.cache.bytes", "embedded.memory.bytes", "embedded.transaction.max.bytes",
      "embedded.compaction.min.bytes", "embedded.accept.data.loss"};
  Settings settings;
  MILLSTREAM_TRY(parse_bytes(config, kKnown[0], settings.cache_bytes));
  MILLSTREAM_TRY(parse_bytes(config, kKnown[1], settings.memory_bytes));
  MILLSTREAM_TRY(parse_bytes(config, kKnown[2], settings.transaction_bytes));
  MILLSTREAM_TRY(parse_bytes(config, kKnown[3], settings.compaction_bytes));
  const auto accept = config.get_bool(kKnown[4], false);
  if (!accept) return accept.error();
  settings.accept_data_loss = *accept;

  Config own;
  for (const auto& [name, value] : config.values()) {
    if (name.starts_with("embedded.")) own.set(name, value);
  }
  for (const std::string& warning : unknown_settings(own, kKnown)) logger.warning(warning);
  return settings;
}

}  // namespace millstream::embedded
