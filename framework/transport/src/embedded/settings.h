#pragma once

#include <millstream/core/config.h>
#include <millstream/core/log.h>
#include <millstream/core/result.h>

#include <cstddef>

namespace millstream::embedded {

/// The `embedded.*` settings; `embedded_broker.h` says what they mean.
struct Settings {
  std::size_t cache_bytes = std::size_t{64} << 20U;
  std::size_t memory_bytes = std::size_t{64} << 20U;
  std::size_t transaction_bytes = std::size_t{256} << 20U;
  std::size_t compaction_bytes = std::size_t{1} << 20U;
  bool accept_data_loss = false;

  /// **Errors**: kUser. An unknown setting is logged.
  static Result<Settings> parse(const Config& config, Logger& logger);
};

}  // namespace millstream::embedded
