#pragma once

#include "block_cache.h"
#include "group.h"
#include "high_water_mark.h"
#include "maintenance.h"
#include "settings.h"
#include "topic_registry.h"
#include "transaction.h"

#include <millstream/core/log.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>
#include <millstream/rocks/database.h>

#include <memory>
#include <mutex>
#include <string>

namespace millstream::embedded {

/// The log of one directory, with all that its parts share. **Thread**: safe once it is open.
/// **Lifetime**: outlives producers, consumers and members.
class Log {
 public:
  /// **Errors**: kMachine, naming the directory, what is wrong with it and the remedy.
  static Result<std::unique_ptr<Log>> open(const std::string& directory, const Settings& settings,
                                           const Clock& clock, Logger& logger);
  /// For `open` alone: it is of no use before that has opened it.
  Log(const std::string& directory, const Settings& settings, const Clock& clock, Logger& logger);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// Make durable all that was written so far, and set the high-water mark.
  Status sync();

  [[nodiscard]] Database& database() { return *database_; }
  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] Logger& logger() { return logger_; }
  [[nodiscard]] BlockCache& cache() { return cache_; }
  [[nodiscard]] TopicRegistry& topics() { return *topics_; }
  [[nodiscard]] Maintenance& maintenance() { return *maintenance_; }
  [[nodiscard]] GroupRegistry& groups() { return *groups_; }
  [[nodiscard]] TransactionRegistry& transactions() { return *transactions_; }

 private:
  Status open_database();
  Status check_mark();
  Status check_format();
  Status start_parts();

  const std::string directory_;
  const Settings settings_;
  const Clock& clock_;
  Logger& logger_;
  const HighWaterMark mark_;
  std::unique_ptr<DirectoryLock> lock_;
  RocksResources resources_;
  std::unique_ptr<Database> database_;
  BlockCache cache_;
  std::unique_ptr<Maintenance> maintenance_;
  std::unique_ptr<TopicRegistry> topics_;
  std::unique_ptr<GroupRegistry> groups_;
  std::unique_ptr<TransactionRegistry> transactions_;

  std::mutex sync_mutex_;
  std::uint64_t synced_ = 0;
};

}  // namespace millstream::embedded
