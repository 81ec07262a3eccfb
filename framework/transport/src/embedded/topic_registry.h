#pragma once

#include "topic.h"

#include <millstream/rocks/database.h>
#include <millstream/transport/broker.h>

#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::embedded {

class Maintenance;

/// The log's topics by name. **Thread**: safe.
class TopicRegistry {
 public:
  TopicRegistry(Database& database, Maintenance& maintenance, std::string directory)
      : database_(database), maintenance_(maintenance), directory_(std::move(directory)) {}

  /// Read the topics from the database; once.
  Status load();

  /// **Errors**: kUser: there is no such topic, and what to do about it.
  [[nodiscard]] Result<std::shared_ptr<const Topic>> find(std::string_view name) const;
  [[nodiscard]] Result<std::shared_ptr<PartitionLog>> find(const TopicPartition& partition) const;
  [[nodiscard]] std::vector<std::shared_ptr<const Topic>> all() const;

  Status create(const NewTopic& topic);
  /// Drop a topic with its records and its committed offsets; what still writes to it fails.
  Status remove(const std::string& name);

 private:
  Status add(const std::string& name, const Topic::Stored& stored);

  Database& database_;
  Maintenance& maintenance_;
  const std::string directory_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::shared_ptr<Topic>, std::less<>> topics_;
  std::uint32_t next_id_ = 1;
};

}  // namespace millstream::embedded
