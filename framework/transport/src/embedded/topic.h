#pragma once

#include "partition_log.h"

#include <millstream/core/result.h>
#include <millstream/core/time.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace millstream::embedded {

/// What the log does by itself with a topic's old records. Names and defaults as in Kafka, but that
/// nothing is dropped by age unless the topic says so.
struct TopicSettings {
  bool compact = false;
  bool expire = true;
  /// Negative: for ever.
  Duration retention{-1};
  std::int64_t retention_bytes = -1;
  Duration delete_retention{24LL * 3600 * 1000};
  double min_dirty_ratio = 0.5;
  std::int64_t max_message_bytes = std::int64_t{1} << 30U;

  /// **Errors**: kUser, naming the setting.
  static Result<TopicSettings> parse(const std::map<std::string, std::string>& config);
  /// As a broker would show them.
  [[nodiscard]] std::map<std::string, std::string> show() const;
};

/// One topic. **Thread**: immutable but for its partitions, which are safe.
struct Topic {
  std::string name;
  std::uint32_t id = 0;
  std::map<std::string, std::string> config;
  TopicSettings settings;
  std::vector<std::shared_ptr<PartitionLog>> partitions;
  std::atomic<bool> deleted = false;

  /// The stored form: id, number of partitions, config.
  [[nodiscard]] static std::string encode(std::uint32_t id, PartitionId partitions,
                                          const std::map<std::string, std::string>& config);
  struct Stored {
    std::uint32_t id = 0;
    PartitionId partitions = 0;
    std::map<std::string, std::string> config;
  };
  static Result<Stored> decode(std::string_view bytes);
};

/// **Errors**: kUser: not a name that Kafka would take.
Status check_topic_name(const std::string& name);

}  // namespace millstream::embedded
